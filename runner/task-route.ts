import type { Problem } from '../core/script.ts'
import { coerceError } from '../core/error.ts'
import type { Execution } from './execute.ts'
import type { ApiFunctionInfo } from './host-api.ts'
import type { HostParts } from './host-parts.ts'
import { adviseRoom, describeRoom, judgePressure } from './outbox/pressure.ts'
import { readRoute, type Route } from './route.ts'

/** Where one task's points go: first what its script said last, then what it says when it has loaded. */
export class TaskRoute {
  readonly #parts: HostParts
  readonly #execution: Execution
  #connectorId: string
  /** What the record says. */
  #known: Route
  #recorded: Promise<void>

  constructor(parts: HostParts, execution: Execution) {
    this.#parts = parts
    this.#execution = execution
    this.#connectorId = execution.connectorId
    this.#known = execution.task
    this.#recorded = this.#record()
  }

  get connectorId(): string {
    return this.#connectorId
  }

  /** What the script exports now. */
  learn(functions: readonly ApiFunctionInfo[]): void {
    const own = functions.find(({ funcId }) => funcId === this.#execution.task.funcId)
    if (own === undefined || own.connectorId === this.#connectorId) return
    this.#connectorId = own.connectorId
    this.#recorded = this.#recorded.then(() => this.#record())
  }

  /** Waits until the record says where the points went; tells when there is little room left for more. */
  async finish(): Promise<Problem[]> {
    await this.#recorded
    // An outbox that cannot be read says so by itself; the record is to be written all the same.
    const room = await this.#parts.store.outbox.room(this.#connectorId).catch(() => undefined)
    if (room === undefined) return []
    if (judgePressure(room) === 'low') return []
    const message = `The outbox is filling up: ${describeRoom(room)}. Nearly full, collection pauses. ${adviseRoom(room)}`
    const scope = `connector ${this.#connectorId}`
    return [{ code: 'outbox-filling', severity: 'warning', scope, message }]
  }

  /** Only where it differs from what was known when the task was asked for, perhaps by another host with another environment. */
  async #record(): Promise<void> {
    const { task, lease } = this.#execution
    try {
      const route = await readRoute(this.#parts, this.#connectorId)
      const { connector, endpointUrl } = this.#known
      if (route.connector === connector && route.endpointUrl === endpointUrl) return
      await this.#parts.store.queue.recordRoute(lease, route)
      this.#known = route
    } catch (error) {
      // A full or locked disk passes; the task itself is worth more than this line of its record.
      this.#parts.note(coerceError(error, `record of task ${task.id}`).message)
    }
  }
}
