import { fieldOfValue, type Quantity } from './bucket-bounds.ts'
import type { InvocationReport, Report } from './report-kind.ts'

/**
 * The reports of one function and minute as small plain JSON. Everything in `add` is an integer that adds up: counts, buckets by
 * the name of their field, and sums in thousandths of their unit, because sums of fractions would depend on their order.
 */
export type ReportMinute = {
  readonly add: Readonly<Record<string, number>>
  readonly max: Readonly<Record<string, number>>
}

export const EMPTY_MINUTE: ReportMinute = { add: {}, max: {} }

/** What is counted. `errors` holds time-outs and ends for want of memory too, as the metric Errors does. */
export const COUNTS = [
  'invocations',
  'cold_starts',
  'restores',
  'errors',
  'timeouts',
  'out_of_memory',
  'init_failures',
  'restore_failures',
] as const

/** Parts of a unit that sums are kept in. */
export const SUM_PARTS = 1_000

/** In `add`: invocations whose billed duration and memory are known, the only ones that can be priced. */
export const PRICED = 'priced'
/** In `add`: billed milliseconds times MB of memory size. */
export const BILLED_MB_MS = 'billed_mb_ms'

function addTo(sums: Record<string, number>, key: string, value: number): void {
  if (value !== 0) sums[key] = (sums[key] ?? 0) + value
}

function raiseTo(maxima: Record<string, number>, key: string, value: number): void {
  maxima[key] = Math.max(maxima[key] ?? 0, value)
}

/** Merged one after another into a copy of the first; a minute of a busy function has thousands, and copies would take most of the time. */
function mergeAll(first: ReportMinute, others: Iterable<ReportMinute>): ReportMinute {
  const add = { ...first.add }
  const max = { ...first.max }
  for (const other of others) {
    for (const [key, value] of Object.entries(other.add)) addTo(add, key, value)
    for (const [key, value] of Object.entries(other.max)) raiseTo(max, key, value)
  }
  return { add, max }
}

/** Minutes as one; associative and commutative, so that pages, polls and regions may come in any order. */
export function mergeMinutes(left: ReportMinute, right: ReportMinute): ReportMinute {
  return mergeAll(left, [right])
}

interface Measured {
  readonly quantity: Quantity
  readonly value: number | undefined
}

function utilization({ memorySizeMb, maxMemoryUsedMb }: InvocationReport): number | undefined {
  if (memorySizeMb === undefined || memorySizeMb === 0 || maxMemoryUsedMb === undefined) return undefined
  return (maxMemoryUsedMb / memorySizeMb) * 100
}

function quantitiesOf(report: InvocationReport): readonly Measured[] {
  const percent = utilization(report)
  return [
    { quantity: 'duration_ms', value: report.durationMs },
    { quantity: 'billed_duration_ms', value: report.billedDurationMs },
    { quantity: 'init_duration_ms', value: report.initDurationMs },
    { quantity: 'restore_duration_ms', value: report.restoreDurationMs },
    // Without the size the use would not divide by anything: both or neither.
    { quantity: 'max_memory_used_mb', value: percent === undefined ? undefined : report.maxMemoryUsedMb },
    { quantity: 'memory_utilization_percent', value: percent },
  ]
}

function minuteOfInvocation(report: InvocationReport): ReportMinute {
  const { billedDurationMs, memorySizeMb } = report
  const add: Record<string, number> = {}
  const max: Record<string, number> = {}
  addTo(add, 'invocations', 1)
  addTo(add, 'cold_starts', report.isColdStart ? 1 : 0)
  addTo(add, 'restores', report.restoreDurationMs === undefined ? 0 : 1)
  addTo(add, 'errors', report.status === 'success' ? 0 : 1)
  addTo(add, 'timeouts', report.status === 'timeout' ? 1 : 0)
  addTo(add, 'out_of_memory', report.isOutOfMemory ? 1 : 0)
  for (const { quantity, value } of quantitiesOf(report)) {
    if (value === undefined) continue
    // Of a share a sum says nothing: the mean is that of the use over that of the size.
    if (quantity !== 'memory_utilization_percent')
      addTo(add, `${quantity}_sum`, Math.round(value * SUM_PARTS))
    addTo(add, fieldOfValue(quantity, value), 1)
    raiseTo(max, `${quantity}_max`, value)
  }
  if (memorySizeMb !== undefined && report.maxMemoryUsedMb !== undefined) {
    addTo(add, 'memory_size_mb_sum', Math.round(memorySizeMb * SUM_PARTS))
  }
  if (billedDurationMs !== undefined && memorySizeMb !== undefined) {
    addTo(add, PRICED, 1)
    addTo(add, BILLED_MB_MS, Math.round(billedDurationMs * memorySizeMb))
  }
  return { add, max }
}

/**
 * The minute of one report. Durations of an initialisation or a restore are counted with the invocation that waited for it; the
 * report of its own, which may come besides, counts only where it failed, and so nothing counts twice.
 */
export function minuteOf(report: Report): ReportMinute {
  if (report.kind === 'invocation') return minuteOfInvocation(report)
  if (report.status === 'success') return EMPTY_MINUTE
  return { add: { [report.kind === 'init' ? 'init_failures' : 'restore_failures']: 1 }, max: {} }
}

/** The minute with further reports of it. */
export function addReports(minute: ReportMinute, reports: readonly Report[]): ReportMinute {
  return mergeAll(minute, reports.map(minuteOf))
}

export function addReport(minute: ReportMinute, report: Report): ReportMinute {
  return mergeMinutes(minute, minuteOf(report))
}
