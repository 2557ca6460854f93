/** What clients asked for since the start or the last reset. */
export interface Counters {
  /** Answered or not, by IAM action: `cloudwatch:GetMetricData` → 12. */
  readonly requests: Record<string, number>
  /** Those answered with an error, by IAM action. */
  readonly errors: Record<string, number>
  /** What GetMetricData costs: per answered request, ⌈statistics / 5⌉ for each distinct metric in it. */
  billedMetrics: number
  /** The same by period and length of the window, in whole hours rounded up: `60 s over 1 h` → 630. */
  readonly billedBySpan: Record<string, number>
  receiver: { requests: number; accepted: number; refused: number; points: number; bytes: number }
}

/** Counters at zero. */
export function makeCounters(): Counters {
  return {
    requests: {},
    errors: {},
    billedMetrics: 0,
    billedBySpan: {},
    receiver: { requests: 0, accepted: 0, refused: 0, points: 0, bytes: 0 },
  }
}

/** Adds to a named counter. */
export function countMany(counts: Record<string, number>, name: string, count: number): void {
  counts[name] = (counts[name] ?? 0) + count
}

/** Adds one to a named counter. */
export function countOne(counts: Record<string, number>, name: string): void {
  countMany(counts, name, 1)
}

/** Puts every counter back to zero; the holder of the counters keeps its reference. */
export function resetCounters(counters: Counters): void {
  for (const counts of [counters.requests, counters.errors, counters.billedBySpan]) {
    for (const name of Object.keys(counts)) delete counts[name]
  }
  Object.assign(counters, { billedMetrics: 0, receiver: makeCounters().receiver })
}
