import { alignDown, type EpochMs, HOUR_MS, MINUTE_MS } from '../../core/time.ts'
import type { SimulatedHome } from '../../tools/simulated-home.ts'

/** After the minute's end: three minutes of pipeline and Lambda's longest timeout, when every function is final. */
const FINAL_MS = 19 * MINUTE_MS
/** Polls five minutes apart until every minute from before them is final. */
export const SETTLING_POLLS = Math.ceil(FINAL_MS / (5 * MINUTE_MS)) + 1
/** The first look goes three hours back from where the quickest function is final. */
const LOOKBACK_MS = 3 * HOUR_MS + 3 * MINUTE_MS

/** How what the receiver holds differs from the truth, in values of fields. */
export interface Audit {
  readonly expected: number
  readonly missing: number
  readonly wrong: number
  readonly extra: number
  readonly samples: readonly string[]
  readonly rewrittenDifferently: number
}

/** Compares from what the first poll looked back to until what the last one saw final. */
export async function auditBetween(
  home: SimulatedHome,
  firstPollMs: EpochMs,
  lastPollMs: EpochMs,
): Promise<Audit> {
  const startMs = alignDown(firstPollMs, MINUTE_MS) - LOOKBACK_MS
  const endMs = alignDown(lastPollMs, MINUTE_MS) - FINAL_MS
  return home.control<Audit>('audit', { startMs, endMs, publications: true })
}
