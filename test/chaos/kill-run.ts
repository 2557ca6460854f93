/** kill -9 at random moments while a real host collects and delivers to a sink that fails one time in three. */
import { setTimeout as wait } from 'node:timers/promises'
import { alignDown, DAY_MS, type EpochMs, MINUTE_MS } from '../../core/time.ts'
import { createRandom, type Random } from '../../simulator/truth/random.ts'
import { openSimulatedHome, type SimulatedHome } from '../../tools/simulated-home.ts'
import { type Audit, auditBetween, FINAL_MS } from './audit.ts'
import { HostProcess, type Note } from './host-process.ts'
import { type SinkVerdict, UnreliableSink } from './unreliable-sink.ts'

export interface KillOptions {
  readonly kills: number
  readonly seed: number
  /** Hears how far it is, for who waits. */
  readonly onProgress?: (text: string) => void
}

/** What `npm run test:chaos -- --kills N --json` prints. */
export interface KillReport {
  readonly kills: number
  readonly expected: number
  readonly missing: number
  readonly wrong: number
  readonly duplicatesDiffering: number
  readonly ambiguousBatches: number
  readonly takeoverP95Seconds: number
}

export interface KillResult {
  readonly report: KillReport
  readonly audit: Audit
  readonly sink: SinkVerdict
  /** Kills of the host, and of a task's process. */
  readonly host: number
  readonly child: number
  /** From a host's kill until the next one owns the home. */
  readonly restartMaxSeconds: number
}

const SET = 'guance_aws_lambda'
const STEP_MS = 2 * MINUTE_MS
const WHOLE_STEP_MS = 5 * MINUTE_MS
const FAIL_SHARE = 1 / 3
/** Kills fall between a poll's beginning and a little after its usual end. */
const SPAN_FACTOR = 1.15
/** Polls after the last kill, until every minute that was collected in between is final. */
const SETTLING_POLLS = Math.ceil(FINAL_MS / WHOLE_STEP_MS) + 1
/** Where a task runs, the other kills hit its host; where none runs, all of them. */
const CHILD_SHARE = 0.6
/** Kills of the host between a batch's acceptance and its answer: chance alone hardly ever hits these milliseconds. */
const AIMED_SHARE = 0.25
const MAX_AIM_MS = 10_000
/** A sink that is well again takes a batch in milliseconds; a retry is due within a minute. */
const DRAIN_MS = 120_000

const PROGRESS_EVERY = 10

const STARTED = /^Task (\S+) of \S+: started$/

function p95(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right)
  return sorted[Math.max(0, Math.ceil(0.95 * sorted.length) - 1)] ?? 0
}

class KillRun {
  readonly #home: SimulatedHome
  readonly #sink: UnreliableSink
  readonly #random: Random
  #host: HostProcess
  #nowMs: EpochMs
  #spanMs = 0
  readonly #takeovers: number[] = []
  readonly #restarts: number[] = []
  readonly #kills = { host: 0, child: 0 }

  constructor(parts: {
    home: SimulatedHome
    sink: UnreliableSink
    random: Random
    host: HostProcess
    nowMs: EpochMs
  }) {
    this.#home = parts.home
    this.#sink = parts.sink
    this.#random = parts.random
    this.#host = parts.host
    this.#nowMs = parts.nowMs
  }

  get nowMs(): EpochMs {
    return this.#nowMs
  }

  get host(): HostProcess {
    return this.#host
  }

  /** Each poll has a time of its own: two of the same time would write the same objects in the same bytes. */
  async #moveOn(byMs: number): Promise<void> {
    this.#nowMs += byMs
    await this.#home.control('clock', { nowMs: this.#nowMs })
  }

  /** Presses Execute; resolves when the task begins, by what the host says. Delivery is not waited for. */
  async #begin(): Promise<{ readonly atMs: number; readonly end: Promise<Note> }> {
    const before = this.#host.notes.length
    this.#host.call('exec', { target: SET, atMs: this.#nowMs, debug: false }).catch(() => undefined)
    const { text, atMs } = await this.#host.untilNote(STARTED, before)
    // Its own end: the poll before it may still be running, and then ends first.
    const taskId = STARTED.exec(text)?.[1] ?? ''
    const end = this.#host.untilNote(new RegExp(`^Task ${taskId} of \\S+: (?!started$)`), before)
    end.catch(() => undefined)
    return { atMs, end }
  }

  /** A poll that nobody disturbs; what it delivers goes on meanwhile. */
  async pollWhole(): Promise<void> {
    await this.#moveOn(WHOLE_STEP_MS)
    const { atMs, end } = await this.#begin()
    const ended = await end
    if (!ended.text.includes(': success')) throw new Error(`nobody disturbed it: ${ended.text}`)
    this.#spanMs = ended.atMs - atMs
  }

  /** One kill somewhere in a poll, then the next poll of the same function, which the kill after this one may hit. */
  async killOnce(): Promise<void> {
    await this.#moveOn(STEP_MS)
    const { end } = await this.#begin()
    const isAimed = this.#random() < AIMED_SHARE
    if (isAimed) await Promise.race([this.#sink.nextAcceptance(), wait(MAX_AIM_MS)])
    else await wait(this.#random() * this.#spanMs * SPAN_FACTOR)
    const [child] = this.#host.children()
    const isChild = !isAimed && child !== undefined && this.#random() < CHILD_SHARE
    this.#sink.epoch += 1
    const killedMs = performance.now()
    if (isChild) process.kill(child, 'SIGKILL')
    else await this.#restart(killedMs)
    if (isChild) await end
    this.#kills[isChild ? 'child' : 'host'] += 1
    await this.#moveOn(STEP_MS)
    const next = await this.#begin()
    this.#takeovers.push((next.atMs - killedMs) / 1000)
    // Half of the times the next kill finds this poll under way.
    if (this.#random() < 0.5) await next.end
  }

  async #restart(killedMs: number): Promise<void> {
    await this.#host.kill()
    this.#host = await HostProcess.start(this.#host.home, { endpointUrl: this.#home.simulator.info.url })
    this.#restarts.push((performance.now() - killedMs) / 1000)
  }

  /** No more kills; the sink goes on failing until the last poll, whose points must all be delivered. */
  async settle(): Promise<void> {
    for (let poll = 0; poll < SETTLING_POLLS; poll += 1) await this.pollWhole()
    this.#sink.failShare = 0
    await this.pollWhole()
    const deadlineMs = performance.now() + DRAIN_MS
    for (;;) {
      const { backlog } = await this.#host.call('status', {})
      if (backlog.waitingBatches + backlog.deadBatches === 0) return
      if (performance.now() > deadlineMs) throw new Error(`left in the outbox: ${JSON.stringify(backlog)}`)
      await wait(100)
    }
  }

  result(audit: Audit, kills: number): KillResult {
    const sink = this.#sink.verdict()
    const { expected, missing, wrong } = audit
    const { duplicatesDiffering, ambiguousBatches } = sink
    const takeoverP95Seconds = Number(p95(this.#takeovers).toFixed(2))
    return {
      report: { kills, expected, missing, wrong, duplicatesDiffering, ambiguousBatches, takeoverP95Seconds },
      audit,
      sink,
      ...this.#kills,
      restartMaxSeconds: Math.max(0, ...this.#restarts),
    }
  }
}

/** Runs it on a home, a simulator and a sink of its own, and removes them. */
export async function runKills({
  kills,
  seed,
  onProgress = () => undefined,
}: KillOptions): Promise<KillResult> {
  const startMs = alignDown(Date.now(), DAY_MS) - 10 * DAY_MS
  const now = new Date(startMs).toISOString()
  const home = await openSimulatedHome({
    simulatorArgs: [
      '--functions',
      '60',
      '--regions',
      '2',
      '--seed',
      String(seed),
      '--latency',
      '5',
      '--now',
      now,
    ],
    sink: { rewrite: 'unknown', mergesFields: false },
  })
  const sink = await UnreliableSink.open(home.simulator.info.datakitUrl, { seed, failShare: FAIL_SHARE })
  await home.reopen()
  const host = await HostProcess.start(home.root, { endpointUrl: home.simulator.info.url })
  const run = new KillRun({ home, sink, random: createRandom(seed), host, nowMs: startMs })
  try {
    await host.call('connector.set', {
      id: 'default',
      config: { type: 'datakit', url: sink.url },
      token: null,
    })
    await run.pollWhole()
    const firstPollMs = run.nowMs
    await run.pollWhole()
    for (let kill = 1; kill <= kills; kill += 1) {
      await run.killOnce()
      if (kill % PROGRESS_EVERY === 0) onProgress(`${kill} of ${kills} kills`)
    }
    await run.settle()
    return run.result(await auditBetween(home, firstPollMs, run.nowMs), kills)
  } finally {
    await run.host.kill()
    await sink.close()
    await home.close()
  }
}
