/** What is counted in buckets; the names are the beginnings of fields. */
export type Quantity =
  | 'duration_ms'
  | 'billed_duration_ms'
  | 'init_duration_ms'
  | 'restore_duration_ms'
  | 'max_memory_used_mb'
  | 'memory_utilization_percent'

/** Upper bounds, each 1.3 to 2 times the one before: a percentile read from them is off by less than that. The last is Lambda's longest time-out. */
const MS_BOUNDS: readonly number[] = [
  1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 150, 200, 300, 500, 700, 1_000, 1_500, 2_000, 3_000, 5_000,
  7_000, 10_000, 15_000, 20_000, 30_000, 50_000, 70_000, 100_000, 150_000, 200_000, 300_000, 500_000, 700_000,
  900_000,
]

/** Up to the largest memory that a function may have (10,240 MB), with the sizes that are usual. */
const MB_BOUNDS: readonly number[] = [
  32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1_024, 1_536, 2_048, 3_072, 4_096, 6_144, 8_192, 10_240,
]

const PERCENT_BOUNDS: readonly number[] = [10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 100]

export const BUCKET_BOUNDS: Readonly<Record<Quantity, readonly number[]>> = {
  duration_ms: MS_BOUNDS,
  billed_duration_ms: MS_BOUNDS,
  init_duration_ms: MS_BOUNDS,
  restore_duration_ms: MS_BOUNDS,
  max_memory_used_mb: MB_BOUNDS,
  memory_utilization_percent: PERCENT_BOUNDS,
}

/** The field of a bucket, `duration_ms_bucket_100`: values up to its bound and above the bound before. The open one ends in `inf`. */
export function bucketField(quantity: Quantity, bound: number | undefined): string {
  return `${quantity}_bucket_${bound ?? 'inf'}`
}

/** The field that counts a value. Buckets do not include one another, so that sum() over any range and tags adds them up. */
export function fieldOfValue(quantity: Quantity, value: number): string {
  return bucketField(
    quantity,
    BUCKET_BOUNDS[quantity].find((bound) => value <= bound),
  )
}
