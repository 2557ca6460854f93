import { type EpochMs, MINUTE_MS } from '../../core/time.ts'
import { createFleet, type Fleet, type FleetOptions } from './fleet.ts'
import { createGenerationCache } from './generation-cache.ts'
import { drawInvocations, type Invocation } from './invocations.ts'
import { type Lambda, PROVISIONED_INSTANCES } from './lambda.ts'
import { countRunning, deriveMinute, type LambdaMinute, sampleKey } from './lambda-minute.ts'
import { ALL_TRAFFIC, listSeries, type Scope, type Series } from './series.ts'

/** What CloudWatch would finally say, for any series and minute. */
export interface Truth {
  readonly fleet: Fleet
  /** Every series that a region publishes, by `seriesKey`. */
  series(accountId: string, region: string): ReadonlyMap<string, Series>
  /** The samples stamped with a minute that are known at `nowMs`; empty when there are none. */
  samples(series: Series, minuteMs: EpochMs, nowMs: EpochMs): readonly number[]
}

/** At 200 to 500 bytes each, some 40 MB at most; 300 active lambdas × 180 minutes fit. */
const CACHED_MINUTES = 60_000

/** Instants of a minute at which region-wide concurrency is counted: every 15 s. */
const COUNTED_AT_MS = [0, 15_000, 30_000, 45_000]

const REGION_CONCURRENCY: ReadonlySet<string> = new Set([
  'ConcurrentExecutions',
  'UnreservedConcurrentExecutions',
  'ClaimedAccountConcurrency',
])

const NOTHING: readonly number[] = []

/**
 * Whether CloudWatch already shows what was stamped with this minute. The one place that decides about late data: today a
 * minute is complete the moment it ends, and before that it does not exist.
 */
function isPublished(minuteMs: EpochMs, nowMs: EpochMs): boolean {
  return minuteMs + MINUTE_MS <= nowMs
}

/** One number for a lambda and a minute: minutes since 1970 stay below 2^26 until 2097. */
function minuteKey(lambda: Lambda, minuteMs: EpochMs): number {
  return lambda.id * 2 ** 26 + minuteMs / MINUTE_MS
}

class DerivedTruth implements Truth {
  readonly fleet: Fleet
  readonly #series = new Map<string, ReadonlyMap<string, Series>>()
  readonly #invocations = createGenerationCache<number, readonly Invocation[]>(CACHED_MINUTES)
  readonly #minutes = createGenerationCache<number, LambdaMinute>(CACHED_MINUTES)

  constructor(fleet: Fleet) {
    this.fleet = fleet
  }

  series(accountId: string, region: string): ReadonlyMap<string, Series> {
    const key = `${accountId}/${region}`
    const series = this.#series.get(key) ?? listSeries(this.fleet, accountId, region)
    this.#series.set(key, series)
    return series
  }

  samples(series: Series, minuteMs: EpochMs, nowMs: EpochMs): readonly number[] {
    if (!isPublished(minuteMs, nowMs)) return NOTHING
    const { scope, metric } = series
    if (scope.kind === 'region') return this.#regionSamples(scope, metric, minuteMs)
    const route = scope.kind === 'lambda' ? scope.route : ALL_TRAFFIC
    return this.#minuteOf(scope.lambda, minuteMs).get(sampleKey(metric, route)) ?? NOTHING
  }

  #active({ accountId, region }: { readonly accountId: string; readonly region: string }): Lambda[] {
    return this.fleet.lambdas(accountId, region).filter((lambda) => lambda.isActive)
  }

  #starting(lambda: Lambda, minuteMs: EpochMs): readonly Invocation[] {
    return this.#invocations.take(minuteKey(lambda, minuteMs), () => drawInvocations(lambda, minuteMs))
  }

  /** Those that run in the minute: what started in it, or early enough before it to reach into it. */
  #running(lambda: Lambda, minuteMs: EpochMs): readonly Invocation[] {
    const lookbackMs = Math.ceil((lambda.timeoutSec * 1_000) / MINUTE_MS) * MINUTE_MS
    const running: Invocation[] = []
    for (let atMs = minuteMs - lookbackMs; atMs <= minuteMs; atMs += MINUTE_MS) {
      for (const invocation of this.#starting(lambda, atMs)) {
        if (invocation.endMs > minuteMs) running.push(invocation)
      }
    }
    return running
  }

  #minuteOf(lambda: Lambda, minuteMs: EpochMs): LambdaMinute {
    return this.#minutes.take(minuteKey(lambda, minuteMs), () => {
      const invocations = this.#starting(lambda, minuteMs)
      return deriveMinute({ lambda, minuteMs, invocations, running: this.#running(lambda, minuteMs) })
    })
  }

  #regionSamples(
    scope: Extract<Scope, { kind: 'region' }>,
    metric: string,
    minuteMs: EpochMs,
  ): readonly number[] {
    const lambdas = this.#active(scope)
    if (REGION_CONCURRENCY.has(metric)) return this.#concurrency(lambdas, metric, minuteMs)
    return lambdas.flatMap((lambda) => this.#minuteOf(lambda, minuteMs).get(metric) ?? NOTHING)
  }

  #concurrency(lambdas: readonly Lambda[], metric: string, minuteMs: EpochMs): readonly number[] {
    const isWhole = metric === 'ConcurrentExecutions'
    const counted = isWhole ? lambdas : lambdas.filter((lambda) => lambda.reservedConcurrency === undefined)
    const running = counted.flatMap((lambda) => this.#running(lambda, minuteMs))
    const claimed = metric === 'ClaimedAccountConcurrency' ? claimedConcurrency(lambdas) : 0
    return COUNTED_AT_MS.map((offsetMs) => countRunning(running, minuteMs + offsetMs) + claimed)
  }
}

function claimedConcurrency(lambdas: readonly Lambda[]): number {
  const provisioned =
    lambdas.filter((lambda) => lambda.trait === 'provisioned').length * PROVISIONED_INSTANCES
  return lambdas.reduce((sum, lambda) => sum + (lambda.reservedConcurrency ?? 0), provisioned)
}

/** Creates the truth of a fleet. Everything is derived when asked for and cached within a bound. */
export function createTruth(options: FleetOptions): Truth {
  return new DerivedTruth(createFleet(options))
}
