import { MINUTE_MS } from 'guance-aws-lambda/dff'
import type { Work } from './entry-plan.ts'
import { countQueries } from './identity.ts'
import { MAX_LIVE_MS } from './window.ts'

/** Queries held in memory at once: five full requests. */
const MAX_QUERIES = 2_500

/** Datapoints held in memory at once, whatever the number of functions. */
export const MAX_DATAPOINTS = 450_000

function minutesOf(work: Work): number {
  const ms = work.purpose === 'live' ? MAX_LIVE_MS : work.window.endMs - work.window.startMs
  return Math.max(1, ms / MINUTE_MS)
}

/** Cuts work into slices of bounded size, in the given order; each holds at least one identity. */
export function sliceWorks<T extends Work>(works: readonly T[]): readonly (readonly T[])[] {
  const slices: T[][] = []
  let queries = 0
  let datapoints = 0
  for (const work of works) {
    const count = countQueries(work.identity)
    queries += count
    datapoints += count * minutesOf(work)
    const last = slices.at(-1)
    if (last !== undefined && queries <= MAX_QUERIES && datapoints <= MAX_DATAPOINTS) last.push(work)
    else {
      slices.push([work])
      queries = count
      datapoints = count * minutesOf(work)
    }
  }
  return slices
}
