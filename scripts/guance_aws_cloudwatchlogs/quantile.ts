import { BUCKET_BOUNDS, bucketField, type Quantity } from './bucket-bounds.ts'

/** A percentile read from buckets: the true one lies above `lower` and not above `upper`. */
export interface Quantile {
  readonly value: number
  readonly lower: number
  readonly upper: number
}

interface Bucket {
  readonly lower: number
  readonly upper: number
  readonly count: number
}

function readBuckets(quantity: Quantity, fields: Readonly<Record<string, number>>): readonly Bucket[] {
  const bounds = BUCKET_BOUNDS[quantity]
  const max = fields[`${quantity}_max`] ?? Infinity
  return [...bounds, undefined].map((bound, index) => {
    const lower = bounds[index - 1] ?? 0
    // No value is above the largest; what the open bucket has no bound of its own for.
    const upper = Math.max(lower, Math.min(bound ?? Infinity, max))
    return { lower, upper, count: fields[bucketField(quantity, bound)] ?? 0 }
  })
}

/**
 * The percentile `share` (0 to 1, nearest rank) of the values counted in fields that were summed over any points, `<quantity>_max`
 * being their maximum. Between the bounds of its bucket it is interpolated, so it is off by less than the bucket's width. Undefined
 * where nothing was counted.
 */
export function quantileOf(
  quantity: Quantity,
  fields: Readonly<Record<string, number>>,
  share: number,
): Quantile | undefined {
  const buckets = readBuckets(quantity, fields)
  const total = buckets.reduce((sum, { count }) => sum + count, 0)
  const rank = Math.max(1, Math.ceil(share * total))
  let before = 0
  for (const { lower, upper, count } of buckets) {
    if (count > 0 && before + count >= rank) {
      const value = Number.isFinite(upper) ? lower + ((upper - lower) * (rank - before)) / count : lower
      return { value, lower, upper }
    }
    before += count
  }
  return undefined
}
