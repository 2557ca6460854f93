import { completenessOf } from './engine-figures.ts'
import awsPrice from '../runner/cost/price/aws.json' with { type: 'json' }
import { type EngineRun, nameOf, type PolicyName } from './engine-job.ts'
import type { FleetName } from './fleet.ts'
import type { Figures } from './report.ts'
import { furthestFromOne } from './statistic.ts'

/** 30 days of polls every five minutes. */
const POLLS_PER_MONTH = 8_640

function billedOf({ polls }: EngineRun): number {
  return polls.reduce((sum, { billed }) => sum + billed, 0)
}

function runFigures(run: EngineRun): Figures {
  const { polls, planned, judged, job } = run
  const billed = billedOf(run)
  const perPoll = billed / polls.length
  return {
    billedPerPoll: perPoll,
    requestsPerPoll: polls.reduce((sum, { requests }) => sum + requests, 0) / polls.length,
    ...(job.isCritical === true
      ? {}
      : { usdPerMonth: (perPoll * POLLS_PER_MONTH * awsPrice.perThousandMetrics) / 1_000 }),
    ...(planned === null ? {} : { predictedToMetered: planned / billed }),
    ...(judged === null
      ? {}
      : {
          expectedValues: judged.all.expected,
          missing: judged.all.missing,
          wrong: judged.all.wrong,
          extra: judged.all.extra,
          lateMissing: judged.all.lateMissing,
          completeness: completenessOf(run, judged.all),
          alertP50Minutes: judged.live.alertMinutes.p50,
          alertP95Minutes: judged.live.alertMinutes.p95,
        }),
  }
}

/** Every run's own figures, by its name. */
export function costByRun(runs: readonly EngineRun[]): Readonly<Record<string, Figures>> {
  return Object.fromEntries(runs.map((run) => [nameOf(run.job), runFigures(run)]))
}

function ratioOf(
  runs: readonly EngineRun[],
  fleet: FleetName,
  [policy, other]: readonly [PolicyName, PolicyName],
): number | undefined {
  const billed = (name: PolicyName): number | undefined => {
    const found = runs.find(
      ({ job }) => job.fleet === fleet && job.policy === name && job.isCritical !== true,
    )
    return found === undefined ? undefined : billedOf(found)
  }
  const [one, whole] = [billed(policy), billed(other)]
  return one === undefined || whole === undefined ? undefined : one / whole
}

function criticalP95(runs: readonly EngineRun[], rewrite: string): number | undefined {
  const found = runs.find(({ job }) => job.isCritical === true && job.rewrite === rewrite)
  return found?.judged?.live.alertMinutes.p95
}

function total(values: readonly number[]): number {
  return values.reduce((all, value) => all + value, 0)
}

/** The figures that the issue asks for; left out where no run says them. */
export function combineCosts(runs: readonly EngineRun[]): Figures {
  const planned = runs.flatMap((run) =>
    run.planned === null ? [] : [{ planned: run.planned, billed: billedOf(run) }],
  )
  const completeness = runs.flatMap((run) =>
    run.judged === null ? [] : [completenessOf(run, run.judged.all)],
  )
  const figures: Readonly<Record<string, number | undefined>> = {
    probeToMaskBursty: ratioOf(runs, 'bursty', ['probe', 'mask']),
    maskToEverythingIdle: ratioOf(runs, 'idle', ['mask', 'everything']),
    maskToEverythingBursty: ratioOf(runs, 'bursty', ['mask', 'everything']),
    probeToMaskIdle: ratioOf(runs, 'idle', ['probe', 'mask']),
    criticalLastP95Minutes: criticalP95(runs, 'last'),
    criticalUnknownP95Minutes: criticalP95(runs, 'unknown'),
    predictedFurthest:
      planned.length === 0 ? undefined : furthestFromOne(planned.map((one) => one.planned / one.billed)),
    predictedToMetered:
      planned.length === 0
        ? undefined
        : total(planned.map((one) => one.planned)) / total(planned.map((one) => one.billed)),
    completeness: completeness.length === 0 ? undefined : Math.min(...completeness),
  }
  return Object.fromEntries(
    Object.entries(figures).filter((entry): entry is [string, number] => entry[1] !== undefined),
  )
}
