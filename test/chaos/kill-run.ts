/** kill -9 at random moments while a real host collects and delivers to a sink that fails one time in three. */
import { setTimeout as wait } from 'node:timers/promises'
import { MINUTE_MS } from '../../core/time.ts'
import { quantile } from '../../bench/statistic.ts'
import { createRandom, type Random } from '../../simulator/truth/random.ts'
import { type Audit, SETTLING_POLLS } from './audit.ts'
import { ChaosHome } from './chaos-home.ts'
import type { SinkVerdict } from './unreliable-sink.ts'

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
  /** From a kill until the next task of the same function begins. */
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

/** Of simulated time, between the polls around a kill. */
const STEP_MS = 2 * MINUTE_MS
/** Kills fall between a poll's beginning and a little after its usual end. */
const SPAN_FACTOR = 1.15
/** Where a task runs, the other kills hit its host; where none runs, all of them. */
const CHILD_SHARE = 0.6
/** Kills of the host between a batch's acceptance and its answer: chance alone hardly ever hits these milliseconds. */
const AIMED_SHARE = 0.25
const MAX_AIM_MS = 10_000
const PROGRESS_EVERY = 10

class KillRun {
  readonly #chaos: ChaosHome
  readonly #random: Random
  #spanMs = 0
  readonly #takeovers: number[] = []
  readonly #restarts: number[] = []
  readonly #kills = { host: 0, child: 0 }

  constructor(chaos: ChaosHome, seed: number) {
    this.#chaos = chaos
    this.#random = createRandom(seed)
  }

  /** The first two polls are not disturbed: the first says what is audited, the second how long a poll takes. */
  async warmUp(): Promise<void> {
    await this.#chaos.pollWell()
    this.#spanMs = await this.#chaos.pollWell()
  }

  /** One kill somewhere in a poll, then the next poll of the same function. */
  async killOnce(): Promise<void> {
    const chaos = this.#chaos
    await chaos.moveOn(STEP_MS)
    const { end } = await chaos.begin()
    const isAimed = this.#random() < AIMED_SHARE
    if (isAimed) await Promise.race([chaos.sink.nextAcceptance(), wait(MAX_AIM_MS)])
    else await wait(this.#random() * this.#spanMs * SPAN_FACTOR)
    const [child] = chaos.host.children()
    const killedMs = performance.now()
    if (!isAimed && child !== undefined && this.#random() < CHILD_SHARE) await this.#killChild(child, end)
    else await this.#killHost()
    await chaos.moveOn(STEP_MS)
    const next = await chaos.begin()
    this.#takeovers.push((next.atMs - killedMs) / 1000)
    // Half of the times the next Execute comes while this poll is under way, and waits for its lease.
    if (this.#random() < 0.5) await next.end
  }

  async #killChild(pid: number, end: Promise<unknown>): Promise<void> {
    process.kill(pid, 'SIGKILL')
    await end
    this.#kills.child += 1
  }

  async #killHost(): Promise<void> {
    this.#restarts.push(await this.#chaos.killHost())
    this.#kills.host += 1
  }

  /** No more kills; the sink goes on failing until the last poll, whose points must all be delivered. */
  async settle(): Promise<void> {
    for (let poll = 0; poll < SETTLING_POLLS; poll += 1) await this.#chaos.pollWell()
    this.#chaos.sink.failShare = 0
    await this.#chaos.pollWell()
    await this.#chaos.drain()
  }

  async result(kills: number): Promise<KillResult> {
    const audit = await this.#chaos.audit()
    const sink = this.#chaos.sink.verdict()
    const { expected, missing, wrong } = audit
    const { duplicatesDiffering, ambiguousBatches } = sink
    const takeoverP95Seconds = Number(quantile(this.#takeovers, 0.95).toFixed(2))
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
  await using chaos = await ChaosHome.open({
    functions: 60,
    regions: 2,
    seed,
    failShare: 1 / 3,
    // A poll is to be long enough for a kill to fall anywhere in it.
    simulatorArgs: ['--latency', '5'],
  })
  const run = new KillRun(chaos, seed)
  await run.warmUp()
  for (let kill = 1; kill <= kills; kill += 1) {
    await run.killOnce()
    if (kill % PROGRESS_EVERY === 0) onProgress(`${kill} of ${kills} kills`)
  }
  await run.settle()
  return run.result(kills)
}
