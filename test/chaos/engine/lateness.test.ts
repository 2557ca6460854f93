import { describe, expect, it } from 'vitest'
import { type Played, playedOf } from './play.ts'
import { isCalm, MINUTE_MS, type Scenario } from './scenario.ts'
import { drawSeeds } from './seeds.ts'
import { calmed, drawSleepy } from './sleepy.ts'

/** After trouble, so long without any: everybody has been asked again, waits are over and gaps repaired. */
const SETTLED_MS = 45 * MINUTE_MS

/** A first look goes so far back from the first poll that nothing kept from its end. */
const FIRST_LOOK_MS = 180 * MINUTE_MS

/** Values by dimension set, minute and field, as delivered up to a step. */
function valuesAt({ store, counts }: Played, step: number, fromMs = 0): ReadonlySet<string> {
  return new Set(
    store.points
      .slice(0, counts[step])
      .flatMap(({ category, tags, fields, timeMs }) =>
        category === 'metric' && timeMs >= fromMs
          ? Object.keys(fields).map(
              (field) => `${tags['Dimensions']} ${tags['name']} ${tags['Resource']} ${timeMs} ${field}`,
            )
          : [],
      ),
  )
}

/** Steps at which nothing was wrong for a while. */
function judgedSteps({ steps }: Scenario): readonly number[] {
  return [...steps.keys()].filter((index) => {
    const { atMs = 0 } = steps[index] ?? {}
    const lately = steps.filter((step) => step.atMs <= atMs && step.atMs > atMs - SETTLED_MS)
    return lately.length > 3 && lately.every(isCalm)
  })
}

/** What `everything` had delivered when `maxLatenessMin` had still to go, and this policy has not. */
function overdue(
  played: Played,
  reference: Played,
  { steps, firstCleanMs, maxLatenessMin = 10 }: Scenario,
): readonly string[] {
  return judgedSteps({ steps } as Scenario).flatMap((index) => {
    const dueMs = (steps[index]?.atMs ?? 0) - maxLatenessMin * MINUTE_MS
    const due = steps.findLastIndex(({ atMs }) => atMs <= dueMs)
    if (due < 0) return []
    const held = valuesAt(played, index)
    return [...valuesAt(reference, due, firstCleanMs - FIRST_LOOK_MS)]
      .filter((value) => !held.has(value))
      .map((value) => `${index}: ${value}`)
  })
}

describe.each(['mask', 'probe'] as const)('policy %s', (policy) => {
  it.each(drawSeeds(6))(
    'delivers everything at most so much later than without it, with faults and restarts, after seed %i',
    async (seed) => {
      const scenario = drawSleepy(seed, policy)
      await using reference = await playedOf({ ...calmed(scenario), policy: 'everything' })
      await using played = await playedOf(scenario)
      expect(overdue(played, reference, scenario).slice(0, 5)).toEqual([])
      expect(judgedSteps(scenario).length).toBeGreaterThan(0)
      expect(valuesAt(played, scenario.steps.length - 1).size).toBeGreaterThan(0)
    },
  )
})
