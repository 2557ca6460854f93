import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { CloudwatchConfigs } from '../core/schema-types.generated.ts'
import type { PublicationFigures } from '../simulator/control/publication.ts'
import type { FleetName } from './fleet.ts'
import type { Cost, PollSample } from './poll-sample.ts'

export const REWRITES = ['last', 'unknown', 'max', 'both'] as const
export type RewriteName = (typeof REWRITES)[number]

export const POLICIES = [
  'everything',
  'mask',
  'probe',
] as const satisfies readonly CloudwatchConfigs['policy'][]
export type PolicyName = (typeof POLICIES)[number]

/** One home and one simulator, from the first poll to the audit. */
export interface EngineJob {
  readonly fleet: FleetName
  readonly functions: number
  /** What the connector says of its store. */
  readonly rewrite: RewriteName
  /** Simulated hours of polls whose data are judged once they have settled; 0 polls a few times and judges nothing. */
  readonly hours: number
  /** Default everything. */
  readonly policy?: PolicyName
  /** `dff plan` before one poll in so many, to be held against what is metered; default never. */
  readonly plansEvery?: number
  /** All functions are critical: their own function runs every minute as well. */
  readonly isCritical?: true
}

/** What the simulator's audit says of a span of minutes. */
export interface Judgement extends PublicationFigures {
  readonly expected: number
  readonly missing: number
  readonly wrong: number
  readonly extra: number
}

export interface EngineRun {
  readonly job: EngineJob
  readonly first: PollSample
  /** Every five minutes after the first, in order. */
  readonly polls: readonly PollSample[]
  /** Billed metrics of the polls after the first, as the last plan before each foresaw them; null without plans. */
  readonly planned: number | null
  readonly cost: Cost
  /** By code, how many polls reported a problem; the clock that is not AWS's is left out, because it is meant to be. */
  readonly problems: Readonly<Record<string, number>>
  /** Of all minutes that were collected, first look included, and of those that began after the first poll; null when nothing is judged. */
  readonly judged: { readonly all: Judgement; readonly live: Judgement } | null
  readonly wallSeconds: number
}

/** What a child process of a job says at its end. */
export type JobReply =
  | { readonly kind: 'done'; readonly run: EngineRun }
  | { readonly kind: 'failed'; readonly text: string }

const CHILD = fileURLToPath(new URL('engine-child.ts', import.meta.url))

/** A process for each: the simulator's address is in its environment, and its CPU is the host's. */
async function runJob(job: EngineJob, signal: AbortSignal): Promise<EngineRun> {
  const child = fork(CHILD, [], { signal, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  // A child that is aborted says so here, and its end below counts.
  child.on('error', () => undefined)
  const exited = once(child, 'exit')
  child.send(job)
  let reply: JobReply | undefined
  child.on('message', (message: JobReply) => {
    reply = message
  })
  await exited
  if (reply?.kind === 'done') return reply.run
  throw new Error(`${nameOf(job)}: ${reply?.text ?? 'the process ended without a result'}`)
}

/** `steady 100 unknown`, with the policy where one is named. */
export function nameOf({ fleet, functions, rewrite, policy, isCritical }: EngineJob): string {
  return [
    fleet,
    functions,
    rewrite,
    ...(policy === undefined ? [] : [policy]),
    ...(isCritical ? ['critical'] : []),
  ].join(' ')
}

/** Runs jobs, so many at once, in the given order; `onDone` hears of each. Rejects with the first that fails, the others ended. */
export async function runJobs(
  jobs: readonly EngineJob[],
  { atOnce, onDone }: { readonly atOnce: number; readonly onDone: (run: EngineRun) => void },
): Promise<readonly EngineRun[]> {
  const failed = new AbortController()
  const runs: EngineRun[] = []
  const waiting = jobs.values()
  const work = async (): Promise<void> => {
    // The iterator is shared: each worker takes the next job when it is done with its last.
    for (const job of waiting) {
      const run = await runJob(job, failed.signal)
      runs.push(run)
      onDone(run)
    }
  }
  const workers = Array.from({ length: atOnce }, async () =>
    work().catch((error: unknown) => {
      failed.abort()
      throw error
    }),
  )
  await Promise.allSettled(workers)
  await Promise.all(workers)
  return runs
}
