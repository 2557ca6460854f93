import { type EpochMs, MINUTE_MS, SECOND_MS } from '../../core/time.ts'
import type { Lambda } from './lambda.ts'
import { hashText, mixSeed } from './random.ts'
import { seriesKey } from './series.ts'
import { insightsSeries, queueSeries, type ServiceSeries, tableSeries } from './service-series.ts'
import type { Truth } from './truth.ts'

/** What else than functions each region of an account has. */
export interface ServiceOptions {
  /** Queues of AWS/SQS. */
  readonly queues: number
  /** Tables of AWS/DynamoDB. */
  readonly tables: number
  /** Whether the functions have the Lambda Insights extension. */
  readonly insights: boolean
}

export const NO_SERVICES: ServiceOptions = { queues: 0, tables: 0, insights: false }

/** Where series are made for. */
interface Place {
  readonly seed: number
  readonly lambdas: readonly Lambda[]
}

/** Every namespace beside Lambda's, and its series in a region. */
const NAMESPACES: Readonly<
  Record<string, (options: ServiceOptions, place: Place) => readonly ServiceSeries[]>
> = {
  'AWS/SQS': ({ queues }, { seed }) => queueSeries(seed, queues),
  'AWS/DynamoDB': ({ tables }, { seed }) => tableSeries(seed, tables),
  LambdaInsights: ({ insights }, { lambdas }) => (insights ? insightsSeries(lambdas) : []),
}

export const SERVICE_NAMESPACES: readonly string[] = Object.keys(NAMESPACES)

/** What CloudWatch says of other services than Lambda. */
export interface Services {
  /** Series of a region by `seriesKey`; empty for a namespace that nobody knows. */
  series(namespace: string, accountId: string, region: string): ReadonlyMap<string, ServiceSeries>
  /** The samples stamped with a minute that are seen at `nowMs`: all of a datapoint, or nothing yet. */
  samples(series: ServiceSeries, minuteMs: EpochMs, nowMs: EpochMs): readonly number[]
}

class DerivedServices implements Services {
  readonly #truth: Truth
  readonly #options: ServiceOptions
  /** Of one fleet; a change makes another. */
  #made = new Map<string, ReadonlyMap<string, ServiceSeries>>()
  #fleet: Truth['fleet']

  constructor(truth: Truth, options: ServiceOptions) {
    this.#truth = truth
    this.#options = options
    this.#fleet = truth.fleet
  }

  series(namespace: string, accountId: string, region: string): ReadonlyMap<string, ServiceSeries> {
    if (this.#truth.fleet !== this.#fleet) this.#made = new Map()
    this.#fleet = this.#truth.fleet
    const key = `${namespace}\n${accountId}/${region}`
    const series = this.#made.get(key) ?? this.#make(namespace, accountId, region)
    this.#made.set(key, series)
    return series
  }

  #make(namespace: string, accountId: string, region: string): ReadonlyMap<string, ServiceSeries> {
    const list = Object.hasOwn(NAMESPACES, namespace) ? NAMESPACES[namespace] : undefined
    const { accountIds, regions, seed } = this.#fleet.options
    if (!list || !accountIds.includes(accountId) || !regions.includes(region)) return new Map()
    const place = {
      seed: mixSeed(seed, hashText(`${accountId}/${region}`)),
      lambdas: this.#fleet.lambdas(accountId, region),
    }
    return new Map(list(this.#options, place).map((one) => [seriesKey(one.metric, one.dimensions), one]))
  }

  samples(series: ServiceSeries, minuteMs: EpochMs, nowMs: EpochMs): readonly number[] {
    const seenMs = minuteMs + series.everyMin * MINUTE_MS + this.#delayMs(series, minuteMs)
    return nowMs >= seenMs ? series.draw(minuteMs) : []
  }

  /** As late as data of functions, never hours. */
  #delayMs({ seed }: ServiceSeries, minuteMs: EpochMs): number {
    const { late } = this.#truth
    if (late === undefined) return 0
    const share = (mixSeed(seed, minuteMs / MINUTE_MS) % 1_000) / 1_000
    return (late.minDelaySec + (late.maxDelaySec - late.minDelaySec) * share) * SECOND_MS
  }
}

/** Creates the services of a truth. */
export function createServices(truth: Truth, options: ServiceOptions): Services {
  return new DerivedServices(truth, options)
}
