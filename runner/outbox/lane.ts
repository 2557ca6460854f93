import { coerceError } from '../../core/error.ts'
import { type EpochMs, HOUR_MS, MINUTE_MS, SECOND_MS } from '../../core/time.ts'
import type { DeliveryState } from '../host-report.ts'
import type { SendResult, Sink } from '../sink/sink.ts'
import type { OutboxStore, StoredBatch } from '../store/outbox-store.ts'
import { mayBeBlocker, probeBlocker } from './blocker.ts'
import { makeMemory, settleResult } from './deliver.ts'

/** After an error of the store itself (a full disk): it is tried again, because the batches are safe where they are. */
const STORE_PAUSE_MS = 5 * SECOND_MS
/** A sleeping lane looks again at least this often, in case the clock was set or a wake was missed. */
const MAX_SLEEP_MS = MINUTE_MS
/** The longest that a sink may ask us to wait, and a little more. */
const MAX_PUT_OFF_MS = HOUR_MS + MINUTE_MS
/** A clock that reads this much less than before was set back; one that is kept right by small steps is not worth a try. */
const CLOCK_STEP_MS = SECOND_MS
/** Offers the oldest batch even before its time. */
const ANY_TIME: EpochMs = Number.MAX_SAFE_INTEGER

export interface LaneDeps {
  readonly outbox: OutboxStore
  readonly connectorId: string
  readonly openSink: () => Promise<Sink>
  readonly now: () => EpochMs
  readonly random: () => number
  /** Called after each request. */
  readonly onSent: (result: SendResult) => void
  /** Called each time the lane has nothing to do now. */
  readonly onIdle: () => void
  /** Says once that delivery stopped, waits or goes on. */
  readonly note: (text: string) => void
}

/** For whoever watches the host: each change of state once, however long it lasts. */
function describeState(connectorId: string, state: DeliveryState, reason: string | null): string {
  const delivery = `Delivery to connector ${connectorId}`
  if (state === 'ok') return `${delivery} goes on.`
  const why = reason ?? 'no reason given'
  if (state === 'retrying') return `${delivery} waits: ${why}`
  return `${delivery} stopped: ${why}. What waits is kept; see dff connector test ${connectorId}.`
}

/**
 * One connector's delivery: one batch in flight, oldest first. Runs until `stop`; while it sleeps, `#dueMs` says
 * until when, undefined meaning that nothing waits.
 */
export class Lane {
  readonly #deps: LaneDeps
  readonly memory = makeMemory()
  #sink: Sink | undefined
  #isStopping = false
  #isWoken = false
  #isSleeping = false
  #dueMs: EpochMs | undefined
  /** At the start and after a reload the next attempt does not wait: what it waited for may have been repaired. */
  #isImpatient = true
  #isReloading = false
  /** What was said of it last. */
  #toldState: DeliveryState = 'ok'
  /** What the clock read at the last step. */
  #seenMs: EpochMs = 0
  #endSleep: () => void = () => {}
  readonly #abort = new AbortController()
  readonly #finished: Promise<void>

  constructor(deps: LaneDeps) {
    this.#deps = deps
    this.#finished = this.#run()
  }

  wake(): void {
    this.#isWoken = true
    this.#isSleeping = false
    this.#endSleep()
  }

  reload(): void {
    this.memory.stopsInARow = 0
    this.#isImpatient = true
    this.#isReloading = true
    this.wake()
  }

  /** True when nothing can be delivered before `untilMs`. */
  isIdleUntil(untilMs: EpochMs): boolean {
    return this.#isSleeping && (this.#dueMs === undefined || this.#dueMs > untilMs)
  }

  /** Resolves when the request in flight is settled and the sink closed; an aborted request stays in the outbox. */
  async stop(signal?: AbortSignal): Promise<void> {
    this.#isStopping = true
    this.wake()
    const giveUp = (): void => this.#abort.abort()
    if (signal?.aborted === true) giveUp()
    signal?.addEventListener('abort', giveUp)
    await this.#finished
    signal?.removeEventListener('abort', giveUp)
  }

  async #run(): Promise<void> {
    while (!this.#isStopping) {
      // One after the other: the order within a series is kept only by one batch in flight.
      await this.#step().catch(async (error: unknown) => this.#waitForStore(error))
    }
    await this.#closeSink()
  }

  async #step(): Promise<void> {
    const { outbox, connectorId, now } = this.#deps
    this.#isWoken = false
    // The next attempt's time was told by a clock that ran ahead: waiting for it could take as long as that was.
    if (now() < this.#seenMs - CLOCK_STEP_MS) this.#isImpatient = true
    this.#seenMs = now()
    const batch = await outbox.next(connectorId, this.#isImpatient ? ANY_TIME : now())
    this.#isImpatient = false
    if (batch !== undefined) return this.#deliver(batch)
    const dueMs = await outbox.nextDueMs(connectorId)
    // Nothing is ever put off that far: the clock was set back, and waiting it out would stop delivery.
    if (dueMs !== undefined && dueMs - now() > MAX_PUT_OFF_MS) this.#isImpatient = true
    else await this.#sleepUntil(dueMs)
  }

  async #deliver(batch: StoredBatch): Promise<void> {
    const result = await this.#send(batch)
    const isSuspect = mayBeBlocker(batch, result, this.memory.stopsInARow)
    await this.#settleSurely(batch, isSuspect ? await this.#probe(batch, result) : result)
  }

  /** What the sink has said stands: while the disk is full it is written again, and the batch is not sent again. */
  async #settleSurely(batch: StoredBatch, result: SendResult): Promise<void> {
    for (;;) {
      try {
        return await this.#settle(batch, result)
      } catch (error) {
        if (this.#isStopping) throw error
        // A commit that comes meanwhile has nothing to say here.
        this.#isWoken = false
        await this.#waitForStore(error)
      }
    }
  }

  async #probe(batch: StoredBatch, result: SendResult): Promise<SendResult> {
    const send = async (other: StoredBatch): Promise<SendResult> => this.#send(other)
    const settle = async (other: StoredBatch, its: SendResult): Promise<void> => this.#settle(other, its)
    const { outbox } = this.#deps
    return probeBlocker({ outbox, batch, send, settle, signal: this.#abort.signal }, result)
  }

  async #settle(batch: StoredBatch, result: SendResult): Promise<void> {
    const { outbox, now, random } = this.#deps
    await settleResult({ outbox, batch, result, nowMs: now(), random }, this.memory)
    this.#tellState()
  }

  /** A full disk passes; a damaged batch waits for a person, and everything behind it with it. */
  async #waitForStore(error: unknown): Promise<void> {
    this.memory.state = 'retrying'
    this.memory.lastError = coerceError(error, `delivery to ${this.#deps.connectorId}`).message
    this.#tellState()
    await this.#sleepUntil(this.#deps.now() + STORE_PAUSE_MS)
  }

  #tellState(): void {
    const { state, lastError } = this.memory
    // An attempt that was ended with the host says nothing of the sink.
    if (state === this.#toldState || this.#abort.signal.aborted) return
    this.#toldState = state
    this.#deps.note(describeState(this.#deps.connectorId, state, lastError))
  }

  /** A sink that cannot be opened (its token is missing, its address forbidden) stops the lane like one that refuses. */
  async #send(batch: StoredBatch): Promise<SendResult> {
    if (this.#isReloading) await this.#closeSink()
    this.#isReloading = false
    try {
      this.#sink ??= await this.#deps.openSink()
    } catch (error) {
      return { kind: 'stopped', reason: coerceError(error, `connector ${this.#deps.connectorId}`).message }
    }
    const result = await this.#sink.send(batch, this.#abort.signal)
    this.#deps.onSent(result)
    return result
  }

  async #closeSink(): Promise<void> {
    const sink = this.#sink
    this.#sink = undefined
    await sink?.close()
  }

  /** Until the time, a wake or a stop; a wake that came since the step began counts. */
  async #sleepUntil(dueMs: EpochMs | undefined): Promise<void> {
    if (this.#isWoken || this.#isStopping) return
    const sleepMs = dueMs === undefined ? MAX_SLEEP_MS : Math.min(MAX_SLEEP_MS, dueMs - this.#deps.now())
    this.#dueMs = dueMs
    this.#isSleeping = true
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, Math.max(0, sleepMs))
      this.#endSleep = () => {
        clearTimeout(timer)
        resolve()
      }
      this.#deps.onIdle()
    })
    this.#isSleeping = false
  }
}
