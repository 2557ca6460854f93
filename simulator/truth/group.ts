import type { Activity } from './activity.ts'
import type { Trait } from './lambda.ts'

/** Lambdas that are alike: a part of a fleet file. */
export interface Group {
  readonly name: string
  /** Of all functions, 0…1; the shares of all groups add up to 1. */
  readonly share: number
  readonly activity: Activity
  /** Each lambda's mean invocations a minute lie between these. */
  readonly perMin: readonly [number, number]
  /** Each lambda has one of these. */
  readonly timeoutSec: readonly number[]
  /** Each lambda's median duration lies between these. */
  readonly medianMs: readonly [number, number]
  readonly maxMs: number
  readonly longShare: number
  readonly errorShare: number
  /** Taken in turn. */
  readonly traits: readonly Trait[]
  /** Of versions 1 and 2 of the provisioned ones; their `$LATEST`'s own when absent. */
  readonly versionTimeoutsSec: readonly number[]
  /** Those in us-east-1 also run in these regions, as Lambda@Edge does. */
  readonly edgeRegions: readonly string[]
  /** Named by group and place, so that every region of every account has functions of the same names. */
  readonly namesakes?: true
}

/** The group of each lambda of a region in turn: always the one that lags most behind its share, so that any prefix is true to the shares. */
export function createGroupPicker(groups: readonly Group[]): () => { group: Group; nth: number } | undefined {
  const counts = groups.map(() => 0)
  let total = 0
  return () => {
    total++
    let best = 0
    let bestLag = Number.NEGATIVE_INFINITY
    for (const [at, { share }] of groups.entries()) {
      const lag = share * total - (counts[at] ?? 0)
      if (share > 0 && lag > bestLag) [best, bestLag] = [at, lag]
    }
    const group = groups[best]
    if (!group) return undefined
    const nth = counts[best] ?? 0
    counts[best] = nth + 1
    return { group, nth }
  }
}
