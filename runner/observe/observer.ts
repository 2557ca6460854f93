import { MINUTE_MS } from '../../core/time.ts'
import type { TaskRecord } from '../host-api.ts'
import type { HostParts } from '../host-parts.ts'
import { type Endpoint, type EndpointAddress, serveEndpoint } from './endpoint.ts'
import { formatFamilies } from './exposition.ts'
import { makeFamilies } from './families.ts'
import { examineHealth } from './health.ts'
import { observe } from './observation.ts'
import { Reporter } from './reporter.ts'

/** As upstream reports: a minute's points cost a sink little and are as fine as the metrics beside them. */
const REPORT_EVERY_MS = MINUTE_MS

export interface ObserverOptions {
  /** Absent, nothing is served. */
  readonly metrics?: EndpointAddress
  /** Whether the host's own points go to its sink. */
  readonly ownPoints?: boolean
}

/** What tells others how this host does. */
export interface Observer {
  /** Every task that got its final status, whether it ran or not. */
  taskEnded(record: TaskRecord): Promise<void>
  /** Opens the page and starts the rounds; rejects with BAD_PARAMETER or PORT_UNUSABLE. */
  begin(): Promise<void>
  /** The last round, while points can still be delivered. Idempotent. */
  endRounds(): Promise<void>
  close(): Promise<void>
  /** `http://127.0.0.1:9464/metrics`, or null where nothing is served. */
  metricsUrl(): string | null
}

class HostObserver implements Observer {
  readonly #parts: HostParts
  readonly #options: ObserverOptions
  readonly #reporter: Reporter | undefined
  #endpoint: Endpoint | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(parts: HostParts, options: ObserverOptions) {
    this.#parts = parts
    this.#options = options
    this.#reporter = options.ownPoints === true ? new Reporter(parts) : undefined
  }

  async taskEnded(record: TaskRecord): Promise<void> {
    this.#parts.counters.taskEnded(record)
    await this.#reporter?.taskEnded(record)
  }

  async begin(): Promise<void> {
    await this.#serve()
    if (this.#reporter === undefined) return
    await this.#reporter.begin()
    this.#timer = setInterval(() => void this.#reporter?.report(), REPORT_EVERY_MS)
    this.#timer.unref()
  }

  async endRounds(): Promise<void> {
    if (this.#timer === undefined) return
    clearInterval(this.#timer)
    this.#timer = undefined
    await this.#reporter?.report()
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.#endpoint?.close()
    this.#endpoint = undefined
  }

  metricsUrl(): string | null {
    return this.#endpoint === undefined ? null : `${this.#endpoint.url}/metrics`
  }

  async #serve(): Promise<void> {
    const { metrics } = this.#options
    if (metrics === undefined) return
    const parts = this.#parts
    this.#endpoint = await serveEndpoint(metrics, {
      metrics: async () => formatFamilies(makeFamilies(await observe(parts, Date.now()))),
      health: () => examineHealth(parts, Date.now()),
    })
    const { url } = this.#endpoint
    parts.note(`Metrics at ${url}/metrics, health at ${url}/healthz`)
  }
}

/** What tells others how this host does; a command that owns the home for its own duration only counts. */
export function createObserver(parts: HostParts, options: ObserverOptions): Observer {
  return new HostObserver(parts, options)
}
