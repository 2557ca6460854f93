import { DAY_MS, type EpochMs, HOUR_MS, MINUTE_MS } from '../core/time.ts'
import type { Counters } from '../simulator/counters.ts'
import { openSimulatedHome, type Poll, type SimulatedHome } from '../tools/simulated-home.ts'
import type { EngineJob, EngineRun, Judgement } from './engine-job.ts'
import { fleetPath, fleetStartMs } from './fleet.ts'
import { countIdeal } from './ideal.ts'
import { type BilledBySpan, type PollSample, samplePoll, splitCost } from './poll-sample.ts'

/** As the deployed trigger says. */
const POLL_MS = 5 * MINUTE_MS

/** After the first, when nothing is judged. */
const FEW_POLLS = 3

/** The first look of a function. */
const LOOK_MS = 3 * HOUR_MS

/** From the last judged minute: data come up to six hours late, and then the daily audit must have come by; as long as what it compares with is kept. */
const SETTLE_MS = 31 * HOUR_MS

/** The last judged minutes go out as they would. */
const STILL_POLLED_MS = HOUR_MS

/** Then polls may be rare, as long as a day has more of them than there are buckets to audit: 64, and about 40 of so few functions. */
const FEW_FUNCTIONS = 100
const RARE_POLL_MS = 20 * MINUTE_MS
const RARER_POLL_MS = 30 * MINUTE_MS

interface Progress {
  readonly samples: PollSample[]
  readonly problems: Record<string, number>
  ideal: number
  /** Series that one poll is to ask for, as last listed. */
  series: number
  /** By the last plan, of one poll and of a day. */
  plan: { readonly perPoll: number; readonly perDay: number } | undefined
  planned: number
}

function noteProblems({ problems }: Progress, { record }: Poll): void {
  for (const code of new Set(record.problems.map((problem) => problem.code))) {
    if (code !== 'clock-skew') problems[code] = (problems[code] ?? 0) + 1
  }
}

/** Asks what the polls to come will be billed, and adds what was foreseen for this one. */
async function foresee(
  home: SimulatedHome,
  { atMs, index, every }: { readonly atMs: EpochMs; readonly index: number; readonly every: number },
  progress: Progress,
): Promise<void> {
  if (index % every === 0 || progress.plan === undefined) {
    const { poll, day } = await home.planAt(atMs)
    progress.plan = { perPoll: poll.billedMetrics, perDay: day.billedMetrics }
  }
  progress.planned += progress.plan.perPoll + (progress.plan.perDay * POLL_MS) / DAY_MS
}

/** One poll of those that count. The list is asked for again after the polls that did so too. */
async function pollOnce(home: SimulatedHome, atMs: EpochMs, progress: Progress): Promise<void> {
  const poll = await home.pollAt(atMs)
  // Before the clock jumps on: a batch that waits for its turn here must not look five minutes late.
  await home.untilDelivered()
  progress.samples.push(samplePoll(poll))
  noteProblems(progress, poll)
  const hasListed = poll.record.usage.some(({ api }) => api === 'cloudwatch:ListMetrics')
  if (hasListed) progress.series = await countIdeal(home.simulator.info)
  progress.ideal += progress.series
}

/** The minutes until the next poll. */
async function pollCritical(home: SimulatedHome, atMs: EpochMs, progress: Progress): Promise<void> {
  for (let minute = 0; minute < POLL_MS / MINUTE_MS; minute += 1) {
    const poll = await home.pollAt(atMs + minute * MINUTE_MS, 'runCritical')
    await home.untilDelivered()
    noteProblems(progress, poll)
  }
}

async function readBilled(home: SimulatedHome): Promise<BilledBySpan> {
  return (await home.control<Counters>('counters')).billedBySpan
}

/** Goes on polling until what was collected up to `endMs` can no longer change. */
async function settle(
  home: SimulatedHome,
  endMs: EpochMs,
  { progress, job: { functions, isCritical } }: { readonly progress: Progress; readonly job: EngineJob },
): Promise<void> {
  const rareMs = functions > FEW_FUNCTIONS ? RARE_POLL_MS : RARER_POLL_MS
  const stepAt = (atMs: EpochMs): number => (atMs < endMs + STILL_POLLED_MS ? POLL_MS : rareMs)
  for (let atMs = endMs; atMs <= endMs + SETTLE_MS; atMs += stepAt(atMs)) {
    // One poll after the other: a home has one task of a function at a time.
    noteProblems(progress, await home.pollAt(atMs))
    if (isCritical !== true) continue
    if (atMs < endMs + STILL_POLLED_MS) await pollCritical(home, atMs, progress)
    else noteProblems(progress, await home.pollAt(atMs, 'runCritical'))
  }
}

async function judge(home: SimulatedHome, startMs: EpochMs, endMs: EpochMs): Promise<Judgement> {
  return home.control<Judgement>('audit', { startMs, endMs, publications: true })
}

async function pollAll(
  home: SimulatedHome,
  { fleet, hours, plansEvery, isCritical }: EngineJob,
  progress: Progress,
) {
  const startMs = fleetStartMs(fleet)
  const count = hours > 0 ? Math.round((hours * HOUR_MS) / POLL_MS) : 1 + FEW_POLLS
  await pollOnce(home, startMs, progress)
  if (isCritical === true) await pollCritical(home, startMs, progress)
  const first = await readBilled(home)
  for (let poll = 1; poll < count; poll += 1) {
    const atMs = startMs + poll * POLL_MS
    if (plansEvery !== undefined) await foresee(home, { atMs, index: poll, every: plansEvery }, progress)
    await pollOnce(home, atMs, progress)
    if (isCritical === true) await pollCritical(home, atMs, progress)
  }
  const after = await readBilled(home)
  return { startMs, endMs: startMs + count * POLL_MS, cost: splitCost(progress.ideal, { first, after }) }
}

/** Polls a fleet through the whole host, lets its data settle, and judges what the receiver holds. Rejects when a poll fails. */
export async function runEngine(job: EngineJob): Promise<EngineRun> {
  const startedMs = performance.now()
  const store = job.rewrite === 'unknown' ? 'last' : job.rewrite
  const home = await openSimulatedHome({
    // A store that replaces lines is the stricter one: every line must come whole.
    simulatorArgs: [
      '--fleet',
      fleetPath(job.fleet),
      '--functions',
      String(job.functions),
      '--rewrite',
      store,
      '--replace-lines',
      '--latency',
      '0',
    ],
    sink: { rewrite: job.rewrite, mergesFields: false },
    // Unless told otherwise what the ideal counts: every listed series at every poll.
    parameters: {
      policy: job.policy ?? 'everything',
      ...(job.isCritical === true ? { critical: ['*'] } : {}),
    },
  })
  try {
    const progress: Progress = {
      samples: [],
      problems: {},
      ideal: 0,
      series: 0,
      plan: undefined,
      planned: 0,
    }
    const { startMs, endMs, cost } = await pollAll(home, job, progress)
    if (job.hours > 0) await settle(home, endMs, { progress, job })
    const judged =
      job.hours > 0
        ? { all: await judge(home, startMs - LOOK_MS, endMs), live: await judge(home, startMs, endMs) }
        : null
    const [first, ...polls] = progress.samples
    if (first === undefined) throw new Error('no poll was made')
    const wallSeconds = (performance.now() - startedMs) / 1_000
    const planned = job.plansEvery === undefined ? null : progress.planned
    return { job, first, polls, cost, planned, problems: progress.problems, judged, wallSeconds }
  } finally {
    await home.close()
  }
}
