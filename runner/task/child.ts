/**
 * The process of one task. The host forks it without rights, tells it what to run, and believes nothing it says
 * without checking. It ends with its channel.
 */
import { pathToFileURL } from 'node:url'
import { type ApiFunction, isApiFunction } from '../../core/api.ts'
import { closestName } from '../../core/closest.ts'
import { DffError } from '../../core/error.ts'
import { NO_COST } from '../../core/cost-plan.ts'
import type { Json } from '../../core/json.ts'
import type { RunContext, SinkTraits } from '../../core/script.ts'
import { SECOND_MS } from '../../core/time.ts'
import { DEFAULT_CONNECTOR_ID } from '../connector/connector-id.ts'
import type { ApiFunctionInfo, TaskResources } from '../host-api.ts'
import { createContext, toJson } from './context.ts'
import { describeLoadFailure, describeRunFailure, type Failure } from './failure.ts'
import { endProcess, openChannel, openHostLink } from './host-link.ts'
import { type ChildMessage, MAX_RETURN_CHARS, type StartMessage, type TaskValue } from './ipc.ts'
import { GrowingMask } from './mask.ts'
import { type CodeMap, registerTaskResolver } from './resolve.ts'
import { restrictProcess } from './restrict.ts'

/** V8's ten end inside a set that checks parameters deep down, before the frame of the Startup script to correct. */
Error.stackTraceLimit = 50

const channel = openChannel()
restrictProcess(channel)
const link = openHostLink(channel)
/** What this task was given; the host masks too, but what is cut here must be masked here, because half a secret is no longer known. */
const secrets = new GrowingMask(() => [])
let isLoaded = false
let hasEnded = false

/** What this process has used so far; maxRSS comes in KiB. */
function measureResources(): TaskResources {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage()
  return { cpuMs: Math.round((userCPUTime + systemCPUTime) / 1000), peakRssBytes: maxRSS * 1024 }
}

/** Output first, then the last message, then the end: the host reads a channel that closes as the end of the task. */
async function end(message: ChildMessage): Promise<void> {
  if (hasEnded) return
  hasEnded = true
  const flushed = [process.stdout, process.stderr].map(
    (stream) => new Promise<void>((resolve) => void stream.write('', () => resolve())),
  )
  await Promise.all(flushed)
  if (isLoaded) link.send({ kind: 'resources', resources: measureResources() })
  // One that cannot be sent is an end without a result, which the host names.
  await link.sendLast(message).catch(() => undefined)
  endProcess()
}

/** Instead of a stack that leads into the host: the script did nothing wrong. */
const STOPPED = 'The host asked this task to stop, and it did. What it had committed is kept.'

function isStop(thrown: unknown): boolean {
  const { aborted, reason } = link.signal
  return aborted && (thrown === reason || (thrown instanceof Error && thrown.name === 'AbortError'))
}

async function fail(failure: Failure): Promise<void> {
  if (!hasEnded) process.stderr.write(`${failure.stack}\n`)
  await end({ kind: 'failed', ...failure })
}

function toInfo(start: StartMessage, name: string, { title, options }: ApiFunction): ApiFunctionInfo {
  return {
    funcId: `${start.scriptId}.${name}`,
    title,
    fixedCronExpr: options.fixedCronExpr ?? null,
    timezone: options.timezone ?? 'UTC',
    timeoutSec: options.timeout,
    expiresSec: options.expires,
    connectorId: options.connector ?? DEFAULT_CONNECTOR_ID,
  }
}

async function loadFunctions(start: StartMessage): Promise<ReadonlyMap<string, ApiFunction>> {
  const exported = (await import(pathToFileURL(start.scriptPath).href)) as Readonly<Record<string, unknown>>
  const functions = new Map(
    Object.entries(exported).filter((entry): entry is [string, ApiFunction] => isApiFunction(entry[1])),
  )
  if (functions.size > 0) return functions
  const names = Object.keys(exported)
  throw new DffError({
    code: 'SCRIPT_INVALID',
    place: start.scriptPath,
    expected: 'an exported API function',
    got: names.length === 0 ? 'no exports' : `only other exports (${names.join(', ')})`,
    remedy: "Export one: export const run = DFF.API('Title', { fixedCronExpr: '*/5 * * * *' }, …).",
  })
}

function pickFunction(start: StartMessage, functions: ReadonlyMap<string, ApiFunction>): ApiFunction {
  const found = functions.get(start.exportName)
  if (found !== undefined) return found
  const names = [...functions.keys()]
  const near = closestName(start.exportName, names)
  throw new DffError({
    code: 'UNKNOWN_TARGET',
    place: start.scriptPath,
    expected: `an API function (${names.join(', ')})`,
    got: start.exportName,
    remedy: near === undefined ? 'Name an API function that the script exports.' : `Did you mean ${near}?`,
  })
}

/** What the store behind a function's connector does with a rewrite; a connector that is not set has none. */
function findSink({ sinks, scriptPath }: StartMessage, { funcId, connectorId }: ApiFunctionInfo): SinkTraits {
  const traits = Object.hasOwn(sinks, connectorId) ? sinks[connectorId] : undefined
  if (traits !== undefined) return traits
  const known = Object.keys(sinks)
  const near = closestName(connectorId, known)
  throw new DffError({
    code: 'UNKNOWN_NAME',
    place: `${scriptPath}: ${funcId}: connector`,
    expected: `one of ${known.join(', ')}`,
    got: connectorId,
    remedy: near === undefined ? `Set it with: dff connector set ${connectorId}` : `Did you mean ${near}?`,
  })
}

/** Without members that a message cannot carry; the host checks the shape. */
function onlyJson<T>(value: T, place: string): T {
  return toJson(value, place) as T
}

function toReturnValue(returned: unknown): Json {
  const value = toJson(returned, 'return value')
  const chars = JSON.stringify(value).length
  if (chars <= MAX_RETURN_CHARS) return value
  throw new DffError({
    code: 'TASK_FAILED',
    place: 'return value',
    expected: `at most ${MAX_RETURN_CHARS} characters of JSON`,
    got: String(chars),
    remedy: 'What was committed is kept. Return a summary; data is for commit.',
  })
}

async function callFunction(
  { mode, question, intervalMs }: StartMessage,
  api: ApiFunction,
  context: RunContext,
): Promise<TaskValue> {
  switch (mode) {
    case 'inspect':
      return { mode }
    case 'run':
      return { mode, returnValue: toReturnValue(await api.script.run(context)) }
    case 'expected': {
      const expectation = (await api.script.expected?.(context)) ?? { objects: [], metrics: [] }
      return { mode, expectation: onlyJson(expectation, mode) }
    }
    case 'doctor':
      return { mode, checks: onlyJson((await api.script.doctor?.(context)) ?? [], mode) }
    case 'access':
      return { mode, access: onlyJson((await api.script.access?.(context)) ?? [], mode) }
    case 'explain': {
      const explained = question === null ? undefined : await api.script.explain?.(context, question)
      return { mode, explanations: onlyJson(explained ?? [], mode) }
    }
    case 'plan': {
      const planned = intervalMs === null ? undefined : await api.script.plan?.(context, { intervalMs })
      return { mode, plan: onlyJson(planned ?? NO_COST, mode), isPlanned: api.script.plan !== undefined }
    }
    default:
      return mode satisfies never
  }
}

async function runTask(start: StartMessage, code: CodeMap): Promise<void> {
  const failWith = (thrown: unknown): Promise<void> => {
    const failure = isLoaded
      ? describeRunFailure(thrown, start.scriptId, { code, mask: secrets.refresh() })
      : describeLoadFailure(thrown, code.lastLoaded() ?? start.scriptPath, { code, mask: secrets.refresh() })
    return fail(isStop(thrown) ? { ...failure, stack: STOPPED } : failure)
  }
  process.on('uncaughtException', (thrown) => void failWith(thrown))
  process.on('unhandledRejection', (thrown) => void failWith(thrown))
  try {
    const functions = await loadFunctions(start)
    const infos = [...functions].map(([name, api]) => toInfo(start, name, api))
    if (start.mode === 'inspect') {
      for (const info of infos) findSink(start, info)
      link.send({ kind: 'loaded', functions: infos })
      return await end({ kind: 'done', value: { mode: 'inspect' } })
    }
    const api = pickFunction(start, functions)
    const sink = findSink(start, toInfo(start, start.exportName, api))
    isLoaded = true
    link.send({ kind: 'loaded', functions: infos })
    const timeoutMs = api.options.timeout * SECOND_MS
    const value = await callFunction(start, api, createContext(start, sink, { link, secrets, timeoutMs }))
    await end({ kind: 'done', value })
  } catch (thrown) {
    await failWith(thrown)
  }
}

const start = await link.start
await runTask(start, registerTaskResolver(start.scriptPath, start.sets))
