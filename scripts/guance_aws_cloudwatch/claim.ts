import { DffError, type RunContext } from 'guance-aws-lambda/dff'
import { type Place, placeKey } from './state-keys.ts'

/** Places that a run collects, by whichever collector came first; gone with the run. */
const claimedOfRun = new WeakMap<RunContext, Set<string>>()

/**
 * Takes a namespace of a region for one collector of a run. Two would share a ledger: each would take the other's
 * watermark for its own, and leave out what the other has not collected. Throws BAD_PARAMETER for the second.
 */
export function claimPlace(context: RunContext, where: Place): void {
  const claimed = claimedOfRun.get(context) ?? new Set<string>()
  claimedOfRun.set(context, claimed)
  const place = placeKey(where)
  if (claimed.has(place)) {
    throw new DffError({
      code: 'BAD_PARAMETER',
      place: 'Runner',
      expected: 'one CloudwatchCollector for each account, region and namespace',
      got: `a second one for ${place}`,
      remedy:
        'Put the targets of both into one CloudwatchCollector; a statistic of its own per metric goes into `statistics`.',
    })
  }
  claimed.add(place)
}
