import { DAY_MS, type EpochMs, MINUTE_MS } from '../../core/time.ts'
import { parseSchedule } from '../trigger/schedule.ts'

/** A month of a plan. */
export const MONTH_DAYS = 30

/** Times between two polls, each with how often it comes; a poll that is missed is not in it. */
export type Gaps = readonly { readonly gapMs: number; readonly count: number }[]

/** How often something polls. */
export interface Polls {
  readonly perMonth: number
  readonly gaps: Gaps
  /** The time between most polls. */
  readonly intervalMs: number
}

/** A poll every so many minutes. */
export function pollsEvery(minutes: number): Polls {
  const intervalMs = minutes * MINUTE_MS
  const perMonth = (MONTH_DAYS * DAY_MS) / intervalMs
  return { perMonth, gaps: [{ gapMs: intervalMs, count: perMonth }], intervalMs }
}

/** Days that are all alike: one of them tells of all, and it is counted where no clock is ever set forward or back. */
function isDaily(cronExpr: string): boolean {
  return /^\s*\S+\s+\S+\s+\*\s+\*\s+\*\s*$/.test(cronExpr)
}

interface Span {
  readonly cronExpr: string
  readonly timezone: string
  readonly days: number
}

/** The ticks of a span and the first one after it. */
function listTicks({ cronExpr, timezone, days }: Span, fromMs: EpochMs): readonly EpochMs[] {
  const schedule = parseSchedule(cronExpr, timezone, 'schedule')
  const ticks: EpochMs[] = []
  let atMs = schedule.next(fromMs - 1)
  while (atMs !== null) {
    ticks.push(atMs)
    if (atMs >= fromMs + days * DAY_MS) break
    atMs = schedule.next(atMs)
  }
  return ticks
}

function countGaps(ticks: readonly EpochMs[], times: number): Gaps {
  const counts = new Map<number, number>()
  for (const [index, atMs] of ticks.entries()) {
    const nextMs = ticks[index + 1]
    if (nextMs !== undefined) counts.set(nextMs - atMs, (counts.get(nextMs - atMs) ?? 0) + times)
  }
  return [...counts].map(([gapMs, count]) => ({ gapMs, count }))
}

/** The polls of the 30 days from `fromMs` on. Throws BAD_CRON. */
export function countPolls(cronExpr: string, timezone: string, fromMs: EpochMs): Polls {
  const span = isDaily(cronExpr)
    ? { cronExpr, timezone: 'UTC', days: 1 }
    : { cronExpr, timezone, days: MONTH_DAYS }
  const times = MONTH_DAYS / span.days
  const ticks = listTicks(span, fromMs)
  const perMonth = ticks.filter((atMs) => atMs < fromMs + span.days * DAY_MS).length * times
  const gaps = countGaps(ticks, times)
  const [usual] = gaps.toSorted((left, right) => right.count - left.count || left.gapMs - right.gapMs)
  // Less than one poll in the span: nothing says when the one after it is.
  const intervalMs = usual?.gapMs ?? span.days * DAY_MS
  return { perMonth, gaps: gaps.length === 0 ? [{ gapMs: intervalMs, count: 1 }] : gaps, intervalMs }
}
