import { MINUTE_MS } from 'guance-aws-lambda/dff'

/** A wider horizon than this would delay every alert for the sake of one line in a thousand. */
const MAX_WIDEN_MIN = 30

/** Of the lines whose lateness a horizon within the bound could have caught, this many may still come after it. */
const MAX_LATE_SHARE = 0.001

/** Fewer say nothing about one in a thousand. */
const MIN_LINES = 10_000

/** Above it both counts are halved, so that what AWS does now outweighs what it did weeks ago. */
const HALVE_ABOVE_LINES = 1_000_000

/** Sampled lines, and of those that changed after they were final, how many minutes after. */
export interface Lateness {
  readonly lines: number
  /** Index: minutes beyond the horizon, rounded up, minus one. */
  readonly byMinute: readonly number[]
}

export const NO_LATENESS: Lateness = { lines: 0, byMinute: [] }

/** Adds what one run saw: lines that became final, and by how much the late ones missed. */
export function addLateness(lateness: Lateness, lines: number, beyondMs: readonly number[]): Lateness {
  const counts = Array.from({ length: MAX_WIDEN_MIN }, (_, index) => lateness.byMinute[index] ?? 0)
  for (const ms of beyondMs) {
    const index = Math.max(0, Math.ceil(ms / MINUTE_MS) - 1)
    // Later than any horizon would wait: the audit's business.
    if (index < MAX_WIDEN_MIN) counts[index] = (counts[index] ?? 0) + 1
  }
  const total = lateness.lines + lines
  const factor = total > HALVE_ABOVE_LINES ? 0.5 : 1
  return {
    lines: Math.round(total * factor),
    byMinute: counts.some((count) => count > 0) ? counts.map((count) => Math.round(count * factor)) : [],
  }
}

/** By how much the horizon is to be wider so that no more than one line in a thousand comes after it. */
export function widenMs({ lines, byMinute }: Lateness): number {
  if (lines < MIN_LINES) return 0
  let later = 0
  for (let index = byMinute.length - 1; index >= 0; index -= 1) {
    later += byMinute[index] ?? 0
    if (later > MAX_LATE_SHARE * lines) return (index + 1) * MINUTE_MS
  }
  return 0
}
