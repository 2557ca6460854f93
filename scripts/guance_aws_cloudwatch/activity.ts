import type { EpochMs } from 'guance-aws-lambda/dff'
import type { QueryOutcome } from './fetch.ts'
import type { Residuals } from './mask-state.ts'
import { GATE_STATISTIC } from './policy.ts'

/** Sums by minute, of one metric each. */
type Sums = Map<string, Map<EpochMs, number>>

function add(sums: Sums, metric: string, values: ReadonlyMap<EpochMs, number>): void {
  const minutes = sums.get(metric) ?? new Map<EpochMs, number>()
  sums.set(metric, minutes)
  for (const [timeMs, value] of values) minutes.set(timeMs, (minutes.get(timeMs) ?? 0) + value)
}

/** What everybody who was asked did, by metric and minute: of some metrics, of which the region's sum is known too. */
export class Activity {
  readonly #metrics: ReadonlySet<string>
  readonly #dimensions: number
  readonly #sums: Sums = new Map()

  /** `dimensions`: how many the sets have that the region's sums are over; others hold parts of the same. */
  constructor(metrics: readonly string[], dimensions: number) {
    this.#metrics = new Set(metrics)
    this.#dimensions = dimensions
  }

  add(outcomes: readonly QueryOutcome[]): void {
    for (const { query, outcome } of outcomes) {
      const { metric, dimensions } = query.series
      const isMeant = query.statistic === GATE_STATISTIC && dimensions.length === this.#dimensions
      if (!isMeant || !this.#metrics.has(metric) || outcome.kind !== 'complete') continue
      add(this.#sums, metric, outcome.value)
    }
  }

  /** What is left of the region's sum: that many were somebody else's. Minutes with nothing left are absent. */
  residual(metric: string, whole: ReadonlyMap<EpochMs, number>): readonly (readonly [EpochMs, number])[] {
    const own = this.#sums.get(metric)
    return [...whole].flatMap(([timeMs, value]) => {
      const left = value - (own?.get(timeMs) ?? 0)
      return left > 0 ? [[timeMs, left] as const] : []
    })
  }

  /** Whether anybody did anything of this kind. */
  hasAny(metric: string): boolean {
    return (this.#sums.get(metric)?.size ?? 0) > 0
  }
}

/** Whether something is left over that nobody looked for yet. */
export function hasNews(
  left: readonly (readonly [EpochMs, number])[],
  metric: string,
  unexplained: Residuals,
): boolean {
  const known = new Map(unexplained[metric])
  return left.some(([timeMs, value]) => value > (known.get(timeMs) ?? 0))
}
