import type { Poll } from '../tools/simulated-home.ts'

/** What one poll took. */
export interface PollSample {
  readonly wallSeconds: number
  readonly taskCpuSeconds: number
  readonly hostCpuSeconds: number
  readonly peakRssMB: number
  /** To AWS, of every API. */
  readonly requests: number
  readonly points: number
  /** Metrics that AWS bills, retries and audits included. */
  readonly billed: number
}

/** Throws what failed the task: a bench measures polls that work. */
export function samplePoll({ record, wallMs, hostCpuMs, backlog }: Poll): PollSample {
  if (record.status !== 'success' || record.resources === null)
    throw new Error(`a task ended in ${record.status}: ${record.exceptionText}`)
  if (backlog.deadBatches > 0) throw new Error(`the store refused ${backlog.deadBatches} batches`)
  return {
    wallSeconds: wallMs / 1_000,
    taskCpuSeconds: record.resources.cpuMs / 1_000,
    hostCpuSeconds: hostCpuMs / 1_000,
    peakRssMB: record.resources.peakRssBytes / 1e6,
    requests: record.usage.reduce((sum, { requests }) => sum + requests, 0),
    points: record.points['metric'] ?? 0,
    billed: record.usage.reduce((sum, { billedMetrics }) => sum + billedMetrics, 0),
  }
}

/** Units that GetMetricData billed, by why they were asked for. */
export interface Cost {
  /** One ask of each series in each poll. */
  readonly ideal: number
  readonly regular: number
  /** The longest Duration of 14 days, asked once for a function. */
  readonly longest: number
  /** Once a day, the last hours of every series again. */
  readonly audit: number
}

/** The simulator's `billedBySpan`: period and window are what tells the reasons apart. */
export type BilledBySpan = Readonly<Record<string, number>>

const MINUTES = '60 s over '

/** Live windows end with the newest minute and reach back less than an hour at polls that miss none; an audit's reach back to the first look at least. */
const LIVE = `${MINUTES}1 h`

function sumOf(billed: BilledBySpan, isMeant: (span: string) => boolean): number {
  return Object.entries(billed).reduce((sum, [span, units]) => sum + (isMeant(span) ? units : 0), 0)
}

/** Splits what polls cost; the first asks for three hours and audits nothing. `after` counts it too. */
export function splitCost(
  ideal: number,
  { first, after }: { first: BilledBySpan; after: BilledBySpan },
): Cost {
  const look = sumOf(first, (span) => span.startsWith(MINUTES))
  const minutes = sumOf(after, (span) => span.startsWith(MINUTES))
  const live = sumOf(after, (span) => span === LIVE) - sumOf(first, (span) => span === LIVE)
  return {
    ideal,
    regular: look + live,
    audit: minutes - look - live,
    longest: sumOf(after, (span) => !span.startsWith(MINUTES)),
  }
}
