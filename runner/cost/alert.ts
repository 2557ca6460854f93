import type { PlannedLateness } from '../../core/cost-plan.ts'
import { MINUTE_MS } from '../../core/time.ts'
import type { Gaps } from './polls.ts'

/** Minutes from a metric's minute to its value at the sink, over all dimension sets and all moments of the poll's round. */
export interface AlertTime {
  readonly p50Min: number
  readonly p95Min: number
  /** Nothing waits longer while AWS is as punctual as assumed. */
  readonly maxMin: number
}

/** A hundredth of a minute is finer than any of the terms. */
const STEPS_PER_MIN = 100

/** Share of all moments from which the next poll is at most `waitMs` away. */
function shareWithin(gaps: Gaps, waitMs: number): number {
  let [within, all] = [0, 0]
  for (const { gapMs, count } of gaps) {
    all += gapMs * count
    within += Math.min(gapMs, Math.max(0, waitMs)) * count
  }
  return all === 0 ? 1 : within / all
}

type Shown = readonly Pick<PlannedLateness, 'sets' | 'shownAfterMin'>[]

/** The least time, rounded up to a hundredth of a minute, within which this share is shown. */
function quantile(shown: Shown, gaps: Gaps, share: number): number {
  const sets = shown.reduce((sum, one) => sum + one.sets, 0)
  const isReached = (steps: number): boolean => {
    const minutes = steps / STEPS_PER_MIN
    const within = shown.reduce(
      (sum, one) => sum + one.sets * shareWithin(gaps, (minutes - one.shownAfterMin) * MINUTE_MS),
      0,
    )
    return within >= sets * share - Number.EPSILON * sets
  }
  let [low, high] = [0, Math.ceil(longest(shown, gaps) * STEPS_PER_MIN)]
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    if (isReached(middle)) high = middle
    else low = middle + 1
  }
  return low / STEPS_PER_MIN
}

function longest(shown: Shown, gaps: Gaps): number {
  const gapMin = gaps.reduce((most, { gapMs }) => Math.max(most, gapMs), 0) / MINUTE_MS
  return shown.reduce((most, { shownAfterMin }) => Math.max(most, shownAfterMin), 0) + gapMin
}

/**
 * Bounds of the time until a monitor can see a value: when its minute may go out, then the wait for the next poll. The
 * minute itself counts whole. Undefined without any dimension set.
 */
export function alertTime(lateness: Shown, gaps: Gaps): AlertTime | undefined {
  if (lateness.every(({ sets }) => sets === 0)) return undefined
  return {
    p50Min: quantile(lateness, gaps, 0.5),
    p95Min: quantile(lateness, gaps, 0.95),
    maxMin: longest(lateness, gaps),
  }
}
