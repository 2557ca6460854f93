import { setTimeout as wait } from 'node:timers/promises'
import { alignDown, DAY_MS, type EpochMs, MINUTE_MS } from '../../core/time.ts'
import { openSimulatedHome, type SimulatedHome } from '../../tools/simulated-home.ts'
import { type Audit, auditBetween } from './audit.ts'
import { HostProcess, type HostProcessOptions, type Note } from './host-process.ts'
import { UnreliableSink } from './unreliable-sink.ts'

/** Of simulated time: Execute refuses the future, and weeks of a test must fit before it. */
const START_BEFORE_MS = 40 * DAY_MS
/** Of simulated time, between two polls. */
const STEP_MS = 5 * MINUTE_MS
/** A sink that is well again takes a batch in milliseconds; a retry is due within a minute. */
const DRAIN_MS = 150_000
const STARTED = /^Task (\S+) of \S+: started$/

export interface ChaosOptions {
  readonly functions: number
  readonly regions: number
  readonly seed: number
  /** What is deployed; the Lambda set when it is left out. */
  readonly setId?: string
  /** Of the sink; 0 when left out. */
  readonly failShare?: number
  /** More flags of the simulator. */
  readonly simulatorArgs?: readonly string[]
  readonly host?: Omit<HostProcessOptions, 'endpointUrl'>
}

/** A task that has begun, by what the host says. */
export interface Begun {
  readonly atMs: number
  /** Its last note; rejects when the host ends before. */
  readonly end: Promise<Note>
}

/**
 * A home with the Lambda set deployed, a real `dff start` in it, AWS and Guance as a simulator process whose clock stands
 * still until a poll moves it, and between host and Guance a sink that can fail.
 */
export class ChaosHome implements AsyncDisposable {
  readonly home: SimulatedHome
  readonly sink: UnreliableSink
  host: HostProcess
  nowMs: EpochMs
  firstPollMs: EpochMs | undefined
  readonly #options: ChaosOptions

  private constructor(
    options: ChaosOptions,
    parts: { home: SimulatedHome; sink: UnreliableSink; host: HostProcess; nowMs: EpochMs },
  ) {
    this.#options = options
    this.home = parts.home
    this.sink = parts.sink
    this.host = parts.host
    this.nowMs = parts.nowMs
  }

  static async open(options: ChaosOptions): Promise<ChaosHome> {
    const { functions, regions, seed, setId, failShare = 0, simulatorArgs = [] } = options
    const nowMs = alignDown(Date.now(), DAY_MS) - START_BEFORE_MS
    const flags = { functions, regions, seed, latency: 0, now: new Date(nowMs).toISOString() }
    const args = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)])
    const home = await openSimulatedHome({
      simulatorArgs: [...args, ...simulatorArgs],
      sink: { rewrite: 'unknown', mergesFields: false },
      ...(setId === undefined ? {} : { setId }),
    })
    await home.reopen()
    const sink = await UnreliableSink.open(home.simulator.info.datakitUrl, { seed, failShare })
    const endpointUrl = home.simulator.info.url
    const host = await HostProcess.start(home.root, { ...options.host, endpointUrl })
    const chaos = new ChaosHome(options, { home, sink, host, nowMs })
    await host.call('connector.set', {
      id: 'default',
      config: { type: 'datakit', url: sink.url },
      token: null,
    })
    return chaos
  }

  /** Each poll has a time of its own: two of the same time would write the same objects in the same bytes. */
  async moveOn(byMs: number = STEP_MS): Promise<void> {
    this.nowMs += byMs
    this.firstPollMs ??= this.nowMs
    await this.home.control('clock', { nowMs: this.nowMs })
  }

  /** Presses Execute; resolves when the task begins, rejects when it is refused. Delivery is not waited for. */
  async begin(atMs: EpochMs | null = this.nowMs): Promise<Begun> {
    const before = this.host.notes.length
    const answered = this.host.call('exec', {
      target: this.#options.setId ?? 'guance_aws_lambda',
      atMs,
      debug: false,
    })
    answered.catch(() => undefined)
    const beginning = this.host.untilNote(STARTED, before)
    // Its answer comes after its end, so that only a refusal wins.
    const started = await Promise.race([beginning, answered.then(() => beginning)])
    // Its own end: the poll before it may still be running, and then ends first.
    const taskId = STARTED.exec(started.text)?.[1] ?? ''
    const end = this.host.untilNote(new RegExp(`^Task ${taskId} of \\S+: (?!started$)`), before)
    end.catch(() => undefined)
    return { atMs: started.atMs, end }
  }

  /** The process of the task that has begun; it is forked a moment after the host says so. */
  async untilChild(): Promise<number> {
    for (;;) {
      const [child] = this.host.children()
      if (child !== undefined) return child
      if (!this.host.isAlive) throw new Error('the host ended before it made a process')
      await wait(5)
    }
  }

  /** A whole poll a step later, however it ends; resolves with what it took and its last words. */
  async poll(byMs: number = STEP_MS): Promise<{ readonly tookMs: number; readonly text: string }> {
    await this.moveOn(byMs)
    const { atMs, end } = await this.begin()
    const { atMs: endMs, text } = await end
    return { tookMs: endMs - atMs, text }
  }

  /** A poll that must succeed. */
  async pollWell(byMs: number = STEP_MS): Promise<number> {
    const { tookMs, text } = await this.poll(byMs)
    if (text.includes(': success')) return tookMs
    throw new Error(`nobody disturbed it: ${text}`)
  }

  /** kill -9 of the host, and another one; resolves with the seconds until that owns the home. */
  async killHost(): Promise<number> {
    const killedMs = performance.now()
    await this.host.kill()
    await this.startHost()
    return (performance.now() - killedMs) / 1000
  }

  /** The next host, when the one before has ended. */
  async startHost(): Promise<void> {
    this.sink.generation += 1
    const endpointUrl = this.home.simulator.info.url
    this.host = HostProcess.spawn(this.home.root, { ...this.#options.host, endpointUrl })
    await this.host.untilRunning()
  }

  /** Resolves with the seconds until nothing waits any more; rejects when something is left, dead or waiting. */
  async drain(limitMs: number = DRAIN_MS): Promise<number> {
    const startedMs = performance.now()
    for (;;) {
      const { backlog } = await this.host.call('status', {})
      const tookMs = performance.now() - startedMs
      if (backlog.waitingBatches + backlog.deadBatches === 0) return tookMs / 1000
      if (tookMs > limitMs) throw new Error(`left in the outbox: ${JSON.stringify(backlog)}`)
      await wait(50)
    }
  }

  /** Everything between the first poll and what the last one saw final. */
  audit(): Promise<Audit> {
    return auditBetween(this.home, this.firstPollMs ?? this.nowMs, this.nowMs)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.host.kill()
    await this.sink.close()
    await this.home.close()
  }
}
