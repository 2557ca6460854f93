import { describe, expect, it } from 'vitest'
import { drawLogScenario, type LogPlayed, type LogScenario, playLogs } from './log-play.ts'
import { MINUTE_MS } from './scenario.ts'
import { drawSeeds } from './seeds.ts'

interface TrueMinute {
  readonly functionName: string
  readonly timeMs: number
  readonly invocations: number
  readonly coldStarts: number
  readonly durationMsSum: number
}

/** The first look of the first poll that nothing disturbed is where completeness begins. */
function spanOf({ firstCleanMs, wildEndMs }: LogScenario) {
  return { startMs: firstCleanMs - 30 * MINUTE_MS, endMs: wildEndMs }
}

function truthOf({ simulator }: LogPlayed, scenario: LogScenario): readonly string[] {
  const { startMs, endMs } = spanOf(scenario)
  const path = `truth/reports?region=us-east-1&startMs=${Math.ceil(startMs / MINUTE_MS) * MINUTE_MS}&endMs=${endMs}`
  const { minutes } = simulator.control(path) as { readonly minutes: readonly TrueMinute[] }
  // The last minute goes on behind the wild hours.
  return minutes
    .filter(({ timeMs }) => timeMs < endMs - MINUTE_MS)
    .map(
      (one) => `${one.functionName} ${one.timeMs} ${one.invocations} ${one.coldStarts} ${one.durationMsSum}`,
    )
    .toSorted()
}

function heldOf({ store }: LogPlayed, scenario: LogScenario): readonly string[] {
  const { startMs, endMs } = spanOf(scenario)
  const points = store.points.filter(
    ({ measurement, timeMs }) =>
      measurement === 'aws_lambda_report' && timeMs >= startMs && timeMs < endMs - MINUTE_MS,
  )
  // The last line of a minute counts where the store takes corrections; elsewhere there is one alone.
  const lines =
    scenario.sink.rewrite === 'last'
      ? [...new Map(points.map((point) => [`${point.tags['name']} ${point.timeMs}`, point])).values()]
      : points
  return lines
    .map(
      ({ tags, timeMs, fields }) =>
        `${tags['name']} ${timeMs} ${fields['invocations']} ${fields['cold_starts']} ${fields['duration_ms_sum'] ?? 0}`,
    )
    .toSorted()
}

describe.each([
  ['unknown', 40],
  ['last', 10],
] as const)('a store that is %s with rewrites', (rewrite, count) => {
  it.each(drawSeeds(count))(
    'gets every event once and every report in its minute, after seed %i',
    async (seed) => {
      const scenario = drawLogScenario(seed, rewrite)
      await using played = await playLogs(scenario)
      const span = { regions: ['us-east-1'], ...spanOf(scenario) }
      const audit = played.simulator.control('audit/logs', span)
      expect(audit).toMatchObject({ missing: 0, duplicates: 0, samples: [] })
      expect(heldOf(played, scenario)).toEqual(truthOf(played, scenario))
    },
  )
})
