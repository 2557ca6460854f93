/** Milliseconds since 1970-01-01T00:00:00Z. The only time unit inside; seconds and nanoseconds exist at the edges alone. */
export type EpochMs = number

export const SECOND_MS = 1_000
export const MINUTE_MS = 60 * SECOND_MS
export const HOUR_MS = 60 * MINUTE_MS
export const DAY_MS = 24 * HOUR_MS

/** The largest multiple of `stepMs` that is not after `timeMs`. CloudWatch answers faster, and never half-filled, on aligned windows. */
export function alignDown(timeMs: EpochMs, stepMs: number): EpochMs {
  return Math.floor(timeMs / stepMs) * stepMs
}

/** `2026-11-23T18:36:00Z`: whole seconds, UTC, as logs, records and errors show a time. */
export function formatTime(timeMs: EpochMs): string {
  return new Date(timeMs).toISOString().replace(/\.\d{3}Z$/, 'Z')
}
