import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { combineFigures, describeProblems, figuresByRun } from './engine-figures.ts'
import { type EngineJob, nameOf, REWRITES, type RewriteName, runJobs } from './engine-job.ts'
import { type FleetName, FLEETS } from './fleet.ts'
import type { BenchResult } from './report.ts'

/** For a person who waits, in the help of main.ts too. */
export const ENGINE_USAGE = `engine [--fleet ${FLEETS.join('|')}|all] [--functions N] [--hours H] [--rewrite ${REWRITES.join('|')}]`

/** More than two cycles of the slowest bursts, and with what must settle afterwards within a quarter of an hour for all runs. */
const JUDGED_HOURS = 8
const FUNCTIONS = 100

/** From here on hours of polls take hours: a few polls are measured unless --hours says more. */
const MANY_FUNCTIONS = 1_000

/** Where hours go into the simulator's truth, more than two would take turns. */
const AT_ONCE = Math.min(2, availableParallelism())

/** The dearest first, so that the others fill the other core meanwhile. */
const SCALE: readonly EngineJob[] = [10_000, 1_000].map((functions) => ({
  fleet: 'steady',
  functions,
  rewrite: 'unknown',
  hours: 0,
}))

function oneOf<T extends string>(name: string, value: string, known: readonly T[]): T {
  const found = known.find((each) => each === value)
  if (found !== undefined) return found
  throw new Error(`--${name}: expected one of ${known.join(', ')}, got ${value}`)
}

function numberOf(name: string, value: string | undefined, otherwise: number): number {
  const number = Number(value ?? otherwise)
  if (number >= 0) return number
  throw new Error(`--${name}: expected a number from 0 up, got ${value}`)
}

/** What to run: without options every fleet on the two stores that matter most, and the large ones. */
function planJobs(args: readonly string[]): readonly EngineJob[] {
  const text = { type: 'string' } as const
  const { values } = parseArgs({
    args: [...args],
    options: { fleet: text, functions: text, hours: text, rewrite: text },
  })
  const fleets: readonly FleetName[] =
    values.fleet === undefined || values.fleet === 'all' ? FLEETS : [oneOf('fleet', values.fleet, FLEETS)]
  const rewrites: readonly RewriteName[] =
    values.rewrite === undefined ? ['unknown', 'last'] : [oneOf('rewrite', values.rewrite, REWRITES)]
  const functions = numberOf('functions', values.functions, FUNCTIONS)
  const hours = numberOf('hours', values.hours, functions < MANY_FUNCTIONS ? JUDGED_HOURS : 0)
  const jobs = rewrites.flatMap((rewrite) =>
    fleets.map((fleet): EngineJob => ({ fleet, functions, rewrite, hours })),
  )
  return args.length === 0 ? [...SCALE, ...jobs] : jobs
}

const NOTES = [
  'completeness, valueError: all minutes from three hours before the first poll to the last poll that is judged, 31 simulated hours after it; valueError on last, the worst fleet',
  'completeness on unknown and both: without lateMissing, fields that came hours late for a minute of which others were written, where a second line might erase the first',
  'rightFirst, alert minutes: minutes after the first poll; rightFirst on unknown, without the minutes that come hours late; alert minutes from the end of an invocation, polls included',
  'everythingToIdeal: units of regular polls ÷ Σ⌈S/5⌉ of the listed series; totalToIdeal adds the longest Duration of 14 days, asked once for a function with a timeout above 30 s, and the daily audit',
  'CPU, RSS and wall: polls after the first, the dearest one; cpuSeconds10k is task and host together; the first poll, with three hours of minutes, stands beside them',
  `the simulator answers at once, so that wall is the collector's own, its request rates included; ${AT_ONCE} runs at once`,
]

/** Polls fleets through the whole host in simulated time and judges what arrived by the simulator's truth. */
export async function measureEngine(args: readonly string[]): Promise<BenchResult> {
  const jobs = planJobs(args)
  const runs = await runJobs(jobs, {
    atOnce: AT_ONCE,
    onDone: ({ job, polls, wallSeconds }) =>
      process.stderr.write(
        `${nameOf(job)}: ${polls.length + 1} polls measured, ${Math.round(wallSeconds)} s\n`,
      ),
  })
  const problems = runs.flatMap((run) => describeProblems(run) ?? [])
  return {
    name: 'engine',
    figures: combineFigures(runs),
    runs: figuresByRun(runs),
    notes: [...NOTES, ...problems],
  }
}
