/** The seed document's three verification steps, answered from what the host knows. */
import type { Check, Expectation } from '../../core/script.ts'
import { formatTime } from '../../core/time.ts'
import type { CheckReport, TaskRecord } from '../host-api.ts'
import type { HostParts } from '../host-parts.ts'
import type { Receipt } from '../store/outbox-store.ts'
import type { StartupScript } from '../store/store.ts'
import type { StoredTrigger, TriggerStore } from '../store/trigger-store.ts'
import { resolveTarget } from '../target.ts'
import { counted } from '../text/counted.ts'
import { effectiveCron, isPausedAt } from '../trigger/mark.ts'

/** How many tasks have to be clean: the last quarter of an hour of the default trigger. */
const LAST_TASKS = 3

/** More names would bury the sentence; the rest is a number. */
const MAX_NAMES = 5

function listNames(names: readonly string[]): string {
  const shown = names.slice(0, MAX_NAMES).join(', ')
  return names.length <= MAX_NAMES ? shown : `${shown} and ${names.length - MAX_NAMES} more`
}

function checkTrigger(trigger: StoredTrigger, isPaused: boolean): Check {
  const id = `verify.trigger.${trigger.triggerId}`
  const title = `The trigger ${trigger.triggerId} is enabled`
  const detail = `${effectiveCron(trigger)} (${trigger.timezone})`
  if (trigger.isEnabled && isPaused) {
    const remedy = 'All triggers are paused. Type dff trigger resume --all.'
    return { id, status: 'failed', title, detail: `${detail}, paused`, remedy }
  }
  if (trigger.isEnabled) return { id, status: 'ok', title, detail }
  const remedy = `Type dff trigger enable ${trigger.triggerId}.`
  return { id, status: 'failed', title, detail: `${detail}, disabled`, remedy }
}

async function checkTriggers(script: StartupScript, triggers: TriggerStore): Promise<Check[]> {
  const all = await triggers.list()
  const own = all.filter((trigger) => trigger.funcId.startsWith(`${script.scriptId}.`))
  const isPaused = isPausedAt(await triggers.pause(), Date.now())
  if (own.length > 0) return own.map((trigger) => checkTrigger(trigger, isPaused))
  return [
    {
      id: 'verify.trigger',
      status: 'failed',
      title: 'A trigger exists',
      detail: 'no function of the Startup script has a fixedCronExpr',
      remedy: `Give one a fixedCronExpr, or type dff deploy ${script.setId}.`,
    },
  ]
}

/** A task that ran and ended; a tick that was skipped beside a running task says nothing. */
function hasRun(task: TaskRecord): boolean {
  return !task.isDebug && ['success', 'failure', 'timeout'].includes(task.status)
}

function checkTasks(funcId: string, tasks: readonly TaskRecord[], setId: string): Check {
  const base = { id: `verify.tasks.${funcId}`, title: `The last tasks of ${funcId} were clean` }
  const last = tasks.filter(hasRun).slice(0, LAST_TASKS)
  if (last.length === 0) {
    return { ...base, status: 'failed', detail: 'no task has run yet', remedy: `Type dff exec ${setId}.` }
  }
  const bad = last.filter((task) => task.status !== 'success')
  const problems = last.flatMap((task) => task.problems)
  const detail = `${last.length - bad.length} of the last ${last.length} succeeded, ${problems.length} problems; the newest is ${last[0]?.id ?? ''}`
  const remedy = `Type dff task show ${bad[0]?.id ?? last.find((task) => task.problems.length > 0)?.id ?? ''}.`
  const hasError = bad.length > 0 || problems.some((problem) => problem.severity === 'error')
  if (hasError) return { ...base, status: 'failed', detail, remedy }
  if (problems.length > 0) return { ...base, status: 'warning', detail, remedy }
  return { ...base, status: 'ok', detail }
}

interface Expected {
  readonly id: string
  readonly title: string
  readonly category: string
  /** Which key a receipt of the category is about; undefined for one of something else. */
  readonly keyOf: (receipt: Receipt) => string | undefined
  /** Object names, metric fields or sources of logs. */
  readonly keys: readonly string[]
  readonly noun: string
  /** What a receipt counts: an object is a point, a field of a metric is a value of one. */
  readonly unit: string
  /** Why no key may be known, in the set's words. */
  readonly whenNone?: string | undefined
}

/** Nothing to look for: not a failure of delivery, but nothing that may pass for arrived either. */
function checkUnknown({ id, title, noun, whenNone }: Expected): Check {
  const remedy = 'Check the regions and the account with dff doctor.'
  return { id, status: 'warning', title, detail: whenNone ?? `no ${noun} are known yet`, remedy }
}

function checkReceipts(expected: Expected, receipts: readonly Receipt[]): Check {
  if (expected.keys.length === 0) return checkUnknown(expected)
  const { id, title, noun, unit } = expected
  const ofCategory = receipts.filter(({ category }) => category === expected.category)
  const known = new Map(ofCategory.map((receipt) => [expected.keyOf(receipt), receipt]))
  const found = expected.keys.flatMap((key) => known.get(key) ?? [])
  const missing = expected.keys.filter((key) => !known.has(key))
  const points = found.reduce((sum, receipt) => sum + receipt.points, 0)
  const lastMs = Math.max(0, ...found.map((receipt) => receipt.lastAcknowledgedMs))
  const when = lastMs === 0 ? '' : `, the last acknowledged at ${formatTime(lastMs)}`
  const detail = `${found.length} of ${expected.keys.length} ${noun} acknowledged, ${points} ${unit}${when}`
  if (missing.length === 0) return { id, status: 'ok', title, detail }
  const remedy = 'See dff status for what still waits, and dff task list for what was collected.'
  return {
    id,
    status: 'failed',
    title,
    detail: `${detail}; missing: ${listNames(missing)}`,
    remedy,
  }
}

function keyWithin(measurement: string): Expected['keyOf'] {
  return (receipt) => (receipt.measurement === measurement ? receipt.key : undefined)
}

/** All sources of a function in one check: there may be as many as Lambda functions. */
function expectedLogs(sources: readonly string[]): Expected {
  const [only = '', ...others] = sources
  const isOne = others.length === 0
  return {
    id: isOne ? `verify.logs.${only}` : 'verify.logs',
    title: isOne ? `Lines of ${only} arrived` : 'Lines of every source of logs arrived',
    category: 'logging',
    // A receipt of logs counts lines and tells none apart.
    keyOf: ({ measurement }) => measurement,
    keys: sources,
    noun: 'sources of logs',
    unit: 'lines',
  }
}

function expectedKeys({ objects, metrics, logs = [] }: Expectation): Expected[] {
  return [
    ...objects.map(({ measurement, names, whenNone }) => ({
      id: `verify.objects.${measurement}`,
      title: `Every object of ${measurement} arrived`,
      category: 'custom_object',
      keyOf: keyWithin(measurement),
      keys: names,
      noun: 'objects',
      unit: 'points',
      whenNone,
    })),
    ...metrics.map(({ measurement, fields }) => ({
      id: `verify.metrics.${measurement}`,
      title: `Every metric of ${measurement} arrived`,
      category: 'metric',
      keyOf: keyWithin(measurement),
      keys: fields,
      noun: 'metrics',
      unit: 'values',
    })),
    ...(logs.length === 0 ? [] : [expectedLogs(logs.map(({ measurement }) => measurement))]),
  ]
}

/** Union over the script's functions: two of them may share a measurement. */
function mergeExpected(all: readonly Expected[]): Expected[] {
  const merged = new Map<string, Expected>()
  for (const expected of all) {
    const before = merged.get(expected.id)
    const keys = new Set([...(before?.keys ?? []), ...expected.keys])
    merged.set(expected.id, { ...expected, keys: [...keys], whenNone: before?.whenNone ?? expected.whenNone })
  }
  return [...merged.values()]
}

async function checkData(parts: HostParts, script: StartupScript, signal: AbortSignal): Promise<Check[]> {
  const all: Expected[] = []
  // One after another: each is a process.
  for (const { funcId } of script.functions) {
    const exportName = funcId.slice(script.scriptId.length + 1)
    const { value } = await parts.tasks.ask({
      mode: 'expected',
      scriptId: script.scriptId,
      exportName,
      signal,
    })
    if (value.mode === 'expected') all.push(...expectedKeys(value.expectation))
  }
  const receipts = await parts.store.outbox.receipts(script.scriptId)
  return mergeExpected(all).map((expected) => checkReceipts(expected, receipts))
}

async function checkDead(parts: HostParts): Promise<Check> {
  const { deadBatches, deadPoints } = await parts.store.outbox.backlog()
  const base = {
    id: 'verify.dead',
    title: 'The sink refused nothing',
    detail: `dead batches: ${deadBatches}, with ${counted(deadPoints, 'point')}`,
  }
  if (deadBatches === 0) return { ...base, status: 'ok' }
  return { ...base, status: 'failed', remedy: 'See dff outbox list --state dead, then dff outbox retry.' }
}

/** Trigger and tasks, objects, metrics: each a check with its evidence. Throws UNKNOWN_TARGET, NOT_INSTALLED, SCRIPT_INVALID. */
export async function verifySet(parts: HostParts, setId: string, signal: AbortSignal): Promise<CheckReport> {
  const { script } = await resolveTarget(parts, setId)
  const tasks = await Promise.all(
    script.functions.map(async ({ funcId }) => {
      const records = await parts.store.records.list({ limit: 50, funcId, status: null })
      return checkTasks(funcId, records, script.setId)
    }),
  )
  const triggers = await checkTriggers(script, parts.store.triggers)
  const data = await checkData(parts, script, signal)
  return { target: script.setId, checks: [...triggers, ...tasks, ...data, await checkDead(parts)] }
}
