import { coerceError } from '../../core/error.ts'
import type { EpochMs } from '../../core/time.ts'
import type { DeliveryState } from '../host-report.ts'
import type { Backlog } from '../host-api.ts'
import type { SendResult, Sink } from '../sink/sink.ts'
import type { Store } from '../store/store.ts'
import { Lane } from './lane.ts'

export interface SenderDeps {
  readonly store: Store
  /** Opens the sink of a connector; called at its first batch and after `reload`. */
  readonly openSinkFor: (connectorId: string) => Promise<Sink>
  /** Connectors that may have batches. */
  readonly connectorIds: () => Promise<readonly string[]>
  /** Hears what became of each request. */
  readonly onSent?: (connectorId: string, result: SendResult) => void
  readonly now?: () => EpochMs
  readonly random?: () => number
  /** Says once each time that delivery to a connector stops, waits or goes on. */
  readonly note?: (text: string) => void
}

export interface SenderStatus {
  readonly state: DeliveryState
  /** Why the last attempt did not succeed; null once it does. */
  readonly lastError: string | null
  readonly lastAcknowledgedMs: EpochMs | null
}

export interface DrainLimits {
  /** Point in time, not a duration. */
  readonly deadlineMs: EpochMs
  readonly signal: AbortSignal
  /** Left out: every connector. */
  readonly connectorId?: string
}

/** The loop between outbox and sinks. It knows no script; scripts know no sink. */
export interface Sender {
  start(): void
  /** Something was committed: look now. */
  wake(): void
  /** A connector or its token changed: open it anew and do not wait for the next attempt's time. */
  reload(): void
  /** Delivers until nothing more can be delivered (to one connector, or to any) before the deadline; resolves with what still waits for it. Starts by itself. */
  drain(limits: DrainLimits): Promise<Backlog>
  /** Finishes the requests in flight, each within its deadline or until `signal` aborts, and closes the sinks. Idempotent. */
  stop(signal?: AbortSignal): Promise<void>
  /** Of one connector; left out, the first that is in trouble, if any. */
  status(connectorId?: string): SenderStatus
}

class OutboxSender implements Sender {
  readonly #deps: SenderDeps
  readonly #now: () => EpochMs
  readonly #lanes = new Map<string, Lane>()
  readonly #idleListeners = new Set<() => void>()
  #isStopped = true
  #opening: Promise<void> = Promise.resolve()
  #openError: string | null = null

  constructor(deps: SenderDeps) {
    this.#deps = deps
    this.#now = deps.now ?? Date.now
  }

  start(): void {
    this.#isStopped = false
    this.wake()
  }

  wake(): void {
    if (this.#isStopped) return
    for (const lane of this.#lanes.values()) lane.wake()
    this.#openLanes()
  }

  reload(): void {
    if (this.#isStopped) return
    for (const lane of this.#lanes.values()) lane.reload()
    this.#openLanes()
  }

  async drain(limits: DrainLimits): Promise<Backlog> {
    if (this.#isStopped) this.start()
    else this.wake()
    await this.#opening
    await this.#untilIdle(limits)
    return this.#deps.store.outbox.backlog(limits.connectorId)
  }

  async stop(signal?: AbortSignal): Promise<void> {
    this.#isStopped = true
    await this.#opening
    const lanes = [...this.#lanes.values()]
    this.#lanes.clear()
    await Promise.all(lanes.map((lane) => lane.stop(signal)))
  }

  status(connectorId?: string): SenderStatus {
    const memories = this.#lanesOf(connectorId).map((lane) => lane.memory)
    const troubled = memories.find((memory) => memory.lastError !== null)
    const times = memories.map((memory) => memory.lastAcknowledgedMs ?? 0)
    return {
      state: troubled?.state ?? (this.#openError === null ? 'ok' : 'retrying'),
      lastError: this.#openError ?? troubled?.lastError ?? null,
      lastAcknowledgedMs: Math.max(0, ...times) || null,
    }
  }

  #lanesOf(connectorId: string | undefined): readonly Lane[] {
    const lanes = [...this.#lanes]
    return lanes.flatMap(([id, lane]) => (connectorId === undefined || connectorId === id ? [lane] : []))
  }

  /** In sequence, so that two wakes do not open a lane twice. */
  #openLanes(): void {
    this.#opening = this.#opening.then(() => this.#openMissingLanes())
  }

  async #openMissingLanes(): Promise<void> {
    try {
      const ids = await this.#deps.connectorIds()
      this.#openError = null
      for (const id of ids) {
        if (!this.#isStopped && !this.#lanes.has(id)) this.#lanes.set(id, this.#openLane(id))
      }
    } catch (error) {
      // The store is in trouble; the next wake tries again, and the batches are safe where they are.
      this.#openError = coerceError(error, 'delivery').message
    }
  }

  #openLane(connectorId: string): Lane {
    return new Lane({
      outbox: this.#deps.store.outbox,
      connectorId,
      openSink: () => this.#deps.openSinkFor(connectorId),
      now: this.#now,
      random: this.#deps.random ?? Math.random,
      note: this.#deps.note ?? (() => undefined),
      onSent: (result) => this.#deps.onSent?.(connectorId, result),
      onIdle: () => {
        for (const listener of this.#idleListeners) listener()
      },
    })
  }

  async #untilIdle({ deadlineMs, signal, connectorId }: DrainLimits): Promise<void> {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(Math.max(0, deadlineMs - this.#now()))])
    await new Promise<void>((resolve) => {
      const check = (): void => {
        const isIdle = this.#lanesOf(connectorId).every((lane) => lane.isIdleUntil(deadlineMs))
        if (!isIdle && !limit.aborted) return
        this.#idleListeners.delete(check)
        limit.removeEventListener('abort', check)
        resolve()
      }
      this.#idleListeners.add(check)
      limit.addEventListener('abort', check)
      check()
    })
  }
}

/** Makes a sender; it does nothing before `start` or `drain`. */
export function createSender(deps: SenderDeps): Sender {
  return new OutboxSender(deps)
}
