import type { NamespaceContext } from './circumstances.ts'
import type { Identity } from './identity.ts'
import type { SliceResult } from './slice.ts'
import { collectSlice } from './slice.ts'
import type { Tally } from './tally.ts'
import { sliceWorks } from './works.ts'

export interface LiveResult {
  readonly requests: number
  readonly slices: number
  /** Slices of which nothing came complete. */
  readonly failed: number
  readonly behind: SliceResult['behind']
}

/** What is due of every identity, a commit per slice. Throws what ends the region. */
export async function collectLive(
  shared: NamespaceContext,
  identities: readonly Identity[],
  tally: Tally,
): Promise<LiveResult> {
  const slices = sliceWorks(identities.map((identity) => ({ identity, purpose: 'live' as const })))
  const results: SliceResult[] = []
  // One slice after the other: that is what bounds memory.
  for (const slice of slices) results.push(await collectSlice(shared, slice, tally))
  return {
    requests: results.reduce((sum, { requests }) => sum + requests, 0),
    slices: slices.length,
    failed: results.filter(({ hasWorked }) => !hasWorked).length,
    behind: results.flatMap(({ behind }) => behind),
  }
}
