import { hostname } from 'node:os'
import { coerceError } from '../../core/error.ts'
import type { Point } from '../../core/point.ts'
import type { EpochMs } from '../../core/time.ts'
import { DEFAULT_CONNECTOR_ID } from '../connector/connector-id.ts'
import type { TaskRecord } from '../host-api.ts'
import type { HostParts } from '../host-parts.ts'
import { encodeBatches } from '../outbox/encode-batch.ts'
import { observe, OWN_SCRIPT_ID } from './observation.ts'
import { Differences, makeOwnPoints, skipEarlier } from './own-points.ts'
import { type OwnTags, taskRecordPoints } from './task-record-points.ts'

/** What a reporter needs of its host. */
export type Reported = Pick<HostParts, 'store' | 'owner' | 'counters' | 'sender' | 'note' | 'paths'>

/** Puts what a host says of itself into its own outbox; what there is no room for is left out, never what tasks commit. */
export class Reporter {
  readonly #parts: Reported
  readonly #own: OwnTags
  readonly #differences = new Differences()
  readonly #now: () => EpochMs
  #isMuted = false

  constructor(parts: Reported, options: { readonly now?: () => EpochMs; readonly host?: string } = {}) {
    this.#parts = parts
    this.#now = options.now ?? Date.now
    this.#own = { host: options.host ?? hostname(), home: parts.paths.root }
  }

  async begin(): Promise<void> {
    skipEarlier(await observe(this.#parts, this.#now()), this.#differences)
  }

  /** One round of metrics; never rejects. */
  async report(): Promise<void> {
    await this.#guard(async () => {
      const observation = await observe(this.#parts, this.#now())
      return makeOwnPoints(observation, this.#differences, this.#own)
    })
  }

  /** The record and log of a task that is over; never rejects. A debug run writes nothing, here neither. */
  async taskEnded(record: TaskRecord): Promise<void> {
    if (record.isDebug) return
    await this.#guard(async () => {
      const lines = await this.#parts.store.records.readLog(record.id, 0)
      return taskRecordPoints(record, lines, this.#own)
    })
  }

  async #guard(makePoints: () => Promise<readonly Point[]>): Promise<void> {
    try {
      const isAdded = await this.#add(await makePoints())
      if (!isAdded) this.#complain('the outbox is full')
      else this.#isMuted = false
    } catch (error) {
      this.#complain(coerceError(error, 'own points').message)
    }
  }

  async #add(points: readonly Point[]): Promise<boolean> {
    const { store, sender } = this.#parts
    const origin = { connectorId: DEFAULT_CONNECTOR_ID, scriptId: OWN_SCRIPT_ID, nowMs: this.#now() }
    const isAdded = await store.outbox.add(encodeBatches(points), origin)
    if (isAdded) sender.wake()
    return isAdded
  }

  /** Once until it works again: a full disk lasts for hours, and there is a round a minute. */
  #complain(reason: string): void {
    if (!this.#isMuted) this.#parts.note(`The host's own points are left out: ${reason}`)
    this.#isMuted = true
  }
}
