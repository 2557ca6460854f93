import { type EngineRun, type Judgement, nameOf } from './engine-job.ts'
import type { Figures } from './report.ts'
import { furthestFromOne, mean, quantile } from './statistic.ts'

const MANY = 10_000
const FEWER = 1_000

function maximum(values: readonly number[]): number {
  return values.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY)
}

function minimum(values: readonly number[]): number {
  return -maximum(values.map((value) => -value))
}

/**
 * Share of the values that are held. Where a second line might erase the first, a field that came hours late has no way
 * into a minute that was written; the engine counts it and `dff why` shows it. On other stores it must be there.
 */
export function completenessOf({ job }: EngineRun, { missing, lateMissing, expected }: Judgement): number {
  const isWithoutWay = job.rewrite === 'unknown' || job.rewrite === 'both'
  return 1 - (missing - (isWithoutWay ? lateMissing : 0)) / expected
}

function judgedFigures(run: EngineRun): Figures {
  if (run.judged === null) return {}
  const { all, live } = run.judged
  return {
    expectedValues: all.expected,
    missing: all.missing,
    wrong: all.wrong,
    extra: all.extra,
    lateMissing: all.lateMissing,
    completeness: completenessOf(run, all),
    valueError: all.valueError,
    rightFirst: live.firstRight / (live.firstRight + live.firstWrong),
    rewrittenDifferently: all.rewrittenDifferently,
    alertP50Minutes: live.alertMinutes.p50,
    alertP95Minutes: live.alertMinutes.p95,
    neverAlerted: live.alertMinutes.never,
  }
}

/** What one run measured; polls are those after the first, the dearest of them where it says peak or worst. */
function runFigures(run: EngineRun): Figures {
  const { first, polls, cost } = run
  return {
    ...judgedFigures(run),
    requestsPerPoll: mean(polls.map(({ requests }) => requests)),
    billedPerPoll: cost.regular / (polls.length + 1),
    regularToIdeal: cost.regular / cost.ideal,
    totalToIdeal: (cost.regular + cost.longest + cost.audit) / cost.ideal,
    billedLongest: cost.longest,
    billedAudit: cost.audit,
    wallSecondsP50: quantile(
      polls.map(({ wallSeconds }) => wallSeconds),
      0.5,
    ),
    wallSecondsP95: quantile(
      polls.map(({ wallSeconds }) => wallSeconds),
      0.95,
    ),
    taskCpuSecondsP50: quantile(
      polls.map(({ taskCpuSeconds }) => taskCpuSeconds),
      0.5,
    ),
    worstTaskCpuSeconds: maximum(polls.map(({ taskCpuSeconds }) => taskCpuSeconds)),
    worstHostCpuSeconds: maximum(polls.map(({ hostCpuSeconds }) => hostCpuSeconds)),
    worstCpuSeconds: maximum(
      polls.map(({ taskCpuSeconds, hostCpuSeconds }) => taskCpuSeconds + hostCpuSeconds),
    ),
    peakRssMB: maximum(polls.map(({ peakRssMB }) => peakRssMB)),
    firstWallSeconds: first.wallSeconds,
    firstTaskCpuSeconds: first.taskCpuSeconds,
    firstHostCpuSeconds: first.hostCpuSeconds,
    firstPeakRssMB: first.peakRssMB,
  }
}

/** Every run's own figures, by its name. */
export function figuresByRun(runs: readonly EngineRun[]): Readonly<Record<string, Figures>> {
  return Object.fromEntries(runs.map((run) => [nameOf(run.job), runFigures(run)]))
}

/** The worst of the runs to which a figure applies; left out where none does. */
function worstOf(
  name: string,
  values: readonly (number | undefined)[],
  choose: (numbers: readonly number[]) => number,
): Figures {
  const numbers = values.filter((value) => value !== undefined)
  return numbers.length === 0 ? {} : { [name]: choose(numbers) }
}

function scaleFigures(runs: readonly EngineRun[]): Figures {
  const of = (functions: number): Figures => {
    const run = runs.find(({ job }) => job.functions === functions)
    return run === undefined ? {} : runFigures(run)
  }
  const { worstCpuSeconds, worstTaskCpuSeconds, worstHostCpuSeconds, peakRssMB } = of(MANY)
  const fewerRssMB = of(FEWER)['peakRssMB']
  const ratio = peakRssMB === undefined || fewerRssMB === undefined ? undefined : peakRssMB / fewerRssMB
  return Object.fromEntries(
    Object.entries({
      cpuSeconds10k: worstCpuSeconds,
      taskCpuSeconds10k: worstTaskCpuSeconds,
      hostCpuSeconds10k: worstHostCpuSeconds,
      peakRssMB10k: peakRssMB,
      rss10kTo1k: ratio,
    }).filter((entry): entry is [string, number] => entry[1] !== undefined),
  )
}

/** The figures that the issue asks for: the worst over the runs to which each applies. */
export function combineFigures(runs: readonly EngineRun[]): Figures {
  const figuresOf = runs.map((run) => ({ rewrite: run.job.rewrite, figures: runFigures(run) }))
  const all = (key: string) => figuresOf.map(({ figures }) => figures[key])
  const on = (rewrite: string, key: string) =>
    figuresOf.filter((each) => each.rewrite === rewrite).map(({ figures }) => figures[key])
  return {
    ...worstOf('completeness', all('completeness'), minimum),
    ...worstOf('rightFirst', on('unknown', 'rightFirst'), minimum),
    ...worstOf('valueError', on('last', 'valueError'), maximum),
    ...worstOf('everythingToIdeal', all('regularToIdeal'), furthestFromOne),
    ...worstOf('totalToIdeal', all('totalToIdeal'), maximum),
    ...worstOf('alertP50Minutes', all('alertP50Minutes'), maximum),
    ...worstOf('alertP95Minutes', all('alertP95Minutes'), maximum),
    ...scaleFigures(runs),
  }
}

/** What a run's tasks reported, in one line; undefined when they reported nothing. */
export function describeProblems({ job, problems }: EngineRun): string | undefined {
  const entries = Object.entries(problems)
  if (entries.length === 0) return undefined
  return `${nameOf(job)}: polls that reported ${entries.map(([code, count]) => `${code} ${count}`).join(', ')}`
}
