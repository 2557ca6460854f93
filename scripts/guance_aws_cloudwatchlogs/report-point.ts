import type { EpochMs, Point } from 'guance-aws-lambda/dff'
import type { ComputePrice } from './compute-price.ts'
import { BILLED_MB_MS, COUNTS, PRICED, type ReportMinute, SUM_PARTS } from './report-minute.ts'

export interface ReportPointParts {
  readonly minute: ReportMinute
  /** The minute's start. */
  readonly timeMs: EpochMs
  /** Of the function, region and account. */
  readonly tags: Readonly<Record<string, string>>
  /** Of the function's region and architecture; absent where nobody knows. */
  readonly price: ComputePrice | undefined
}

/** MB times milliseconds in one GB-second. */
const MB_MS_PER_GB_S = 1_024 * 1_000

/** First tier, without free tier, savings plans, provisioned concurrency and storage: what these invocations cost at list prices. */
function estimateUsd({ add }: ReportMinute, price: ComputePrice): number | undefined {
  const invocations = add['invocations'] ?? 0
  // One that says no billed duration would cost nothing in the sum.
  if (invocations === 0 || (add[PRICED] ?? 0) !== invocations) return undefined
  return ((add[BILLED_MB_MS] ?? 0) / MB_MS_PER_GB_S) * price.perGbSecond + invocations * price.perRequest
}

function memoryUtilization({ add }: ReportMinute): number | undefined {
  const size = add['memory_size_mb_sum'] ?? 0
  return size === 0 ? undefined : ((add['max_memory_used_mb_sum'] ?? 0) / size) * 100
}

/** Sums back in their units, and buckets; empty buckets have no field, which would each be a series to pay for. */
function addedFields({ add }: ReportMinute): Record<string, number> {
  const fields: Record<string, number> = Object.fromEntries(COUNTS.map((name) => [name, add[name] ?? 0]))
  for (const [name, value] of Object.entries(add)) {
    if (name === PRICED || name === BILLED_MB_MS) continue
    fields[name] = name.endsWith('_sum') ? value / SUM_PARTS : value
  }
  return fields
}

/** The point of one function and minute in `aws_lambda_report`; every field is a float. */
export function makeReportPoint({ minute, timeMs, tags, price }: ReportPointParts): Point {
  const fields: Record<string, number> = { ...addedFields(minute), ...minute.max }
  const percent = memoryUtilization(minute)
  if (percent !== undefined) fields['memory_utilization_percent'] = percent
  const billedMbMs = minute.add[BILLED_MB_MS]
  if (billedMbMs !== undefined) fields['billed_gb_s'] = billedMbMs / MB_MS_PER_GB_S
  const costUsd = price === undefined ? undefined : estimateUsd(minute, price)
  if (costUsd !== undefined) fields['estimated_cost_usd'] = costUsd
  return { category: 'metric', measurement: 'aws_lambda_report', tags, fields, timeMs }
}
