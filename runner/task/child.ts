/**
 * The process of one task. The host forks it without rights, tells it what to run, and believes nothing it says
 * without checking. It ends with its channel.
 */
import { pathToFileURL } from 'node:url'
import { type ApiFunction, isApiFunction } from '../../core/api.ts'
import { closestName } from '../../core/closest.ts'
import { DffError } from '../../core/error.ts'
import { NO_COST } from '../../core/cost-plan.ts'
import type { RunContext } from '../../core/script.ts'
import type { ApiFunctionInfo, TaskResources } from '../host-api.ts'
import { createContext, toJson } from './context.ts'
import { describeLoadFailure, describeRunFailure, type Failure } from './failure.ts'
import { endProcess, openHostLink } from './host-link.ts'
import type { ChildMessage, StartMessage, TaskValue } from './ipc.ts'
import { type CodeMap, registerTaskResolver } from './resolve.ts'

/** V8's ten end inside a set that checks parameters deep down, before the frame of the Startup script to correct. */
Error.stackTraceLimit = 50

const link = openHostLink()
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
  await link.sendLast(message)
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

/** Without members that a message cannot carry; the host checks the shape. */
function onlyJson<T>(value: T, place: string): T {
  return toJson(value, place) as T
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
      return { mode, returnValue: toJson(await api.script.run(context), 'return value') }
    case 'expected': {
      const expectation = (await api.script.expected?.(context)) ?? { objects: [], metrics: [] }
      return { mode, expectation: onlyJson(expectation, mode) }
    }
    case 'doctor':
      return { mode, checks: onlyJson((await api.script.doctor?.(context)) ?? [], mode) }
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
      ? describeRunFailure(thrown, start.scriptId, code)
      : describeLoadFailure(thrown, code.lastLoaded() ?? start.scriptPath, code)
    return fail(isStop(thrown) ? { ...failure, stack: STOPPED } : failure)
  }
  process.on('uncaughtException', (thrown) => void failWith(thrown))
  process.on('unhandledRejection', (thrown) => void failWith(thrown))
  try {
    const functions = await loadFunctions(start)
    const infos = [...functions].map(([name, api]) => toInfo(start, name, api))
    if (start.mode === 'inspect') {
      link.send({ kind: 'loaded', functions: infos })
      return await end({ kind: 'done', value: { mode: 'inspect' } })
    }
    const api = pickFunction(start, functions)
    isLoaded = true
    link.send({ kind: 'loaded', functions: infos })
    const value = await callFunction(start, api, createContext(start, link))
    await end({ kind: 'done', value })
  } catch (thrown) {
    await failWith(thrown)
  }
}

const start = await link.start
await runTask(start, registerTaskResolver(start.scriptPath, start.sets))
