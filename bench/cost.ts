import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { combineCosts, costByRun } from './cost-figures.ts'
import { describeProblems } from './engine-figures.ts'
import { type EngineJob, nameOf, POLICIES, type PolicyName, type RewriteName, runJobs } from './engine-job.ts'
import type { FleetName } from './fleet.ts'
import type { BenchResult } from './report.ts'

/** In the help of main.ts too. */
export const COST_USAGE = 'cost [--functions N] [--hours H] [--only policies|critical]'

/** Two cycles of the longest bursts. */
const JUDGED_HOURS = 8
const FUNCTIONS = 100

/** A task every minute: fewer functions and hours tell as much. */
const CRITICAL_HOURS = 1
const CRITICAL_FUNCTIONS = 40

/** 25 minutes of polls go by one plan; no multiple of the three polls after which sweeps and listings come round. */
const PLANS_EVERY = 5

const AT_ONCE = Math.min(2, availableParallelism())

function policyJobs(functions: number, hours: number): readonly EngineJob[] {
  const of = (fleet: FleetName, policy: PolicyName): EngineJob => ({
    fleet,
    functions,
    rewrite: 'unknown',
    hours,
    policy,
    plansEvery: PLANS_EVERY,
  })
  return (['bursty', 'idle'] as const).flatMap((fleet) => POLICIES.map((policy) => of(fleet, policy)))
}

function criticalJobs(): readonly EngineJob[] {
  return (['last', 'unknown'] as const satisfies readonly RewriteName[]).map((rewrite) => ({
    fleet: 'steady',
    functions: CRITICAL_FUNCTIONS,
    rewrite,
    hours: CRITICAL_HOURS,
    policy: 'mask',
    isCritical: true,
  }))
}

function planJobs(args: readonly string[]): readonly EngineJob[] {
  const text = { type: 'string' } as const
  const { values } = parseArgs({ args: [...args], options: { functions: text, hours: text, only: text } })
  const functions = Number(values.functions ?? FUNCTIONS)
  const hours = Number(values.hours ?? JUDGED_HOURS)
  if (!(functions > 0) || !(hours > 0)) throw new Error('--functions, --hours: expected a number above 0')
  const { only } = values
  if (only !== undefined && only !== 'policies' && only !== 'critical')
    throw new Error(`--only: expected policies or critical, got ${only}`)
  return [
    ...(only === 'critical' ? [] : policyJobs(functions, hours)),
    ...(only === 'policies' ? [] : criticalJobs()),
  ]
}

const NOTES = [
  'billed metrics of all polls after the first, as the record meters them: audits, gates, retries and further pages included',
  'probeToMaskBursty, maskToEverythingIdle: of these; completeness: of every run, 31 simulated hours after its last judged poll; lateMissing: fields that came hours late for a minute of which others were written, left out of completeness where a second line might erase the first',
  'predictedToMetered: what dff plan said before each 25 minutes of polls ÷ what they were billed, over all runs; predictedFurthest: the run furthest from 1',
  'critical: every function of the steady fleet, from an invocation’s end until the store holds its point, p95',
]

/** Polls fleets under each policy, and critical functions every minute, through the whole host in simulated time. */
export async function measureCost(args: readonly string[]): Promise<BenchResult> {
  const runs = await runJobs(planJobs(args), {
    atOnce: AT_ONCE,
    onDone: ({ job, wallSeconds }) => process.stderr.write(`${nameOf(job)}: ${Math.round(wallSeconds)} s\n`),
  })
  const problems = runs.flatMap((run) => describeProblems(run) ?? [])
  return {
    name: 'cost',
    figures: combineCosts(runs),
    runs: costByRun(runs),
    notes: [...NOTES, ...problems],
  }
}
