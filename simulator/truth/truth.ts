import { DAY_MS, type EpochMs, MINUTE_MS } from '../../core/time.ts'
import type { Change } from './change.ts'
import { createFleet, type Fleet, type FleetOptions } from './fleet.ts'
import { createGenerationCache, type GenerationCache } from './generation-cache.ts'
import { drawInvocations, type Invocation, longestMs } from './invocations.ts'
import { type Lambda, PROVISIONED_INSTANCES } from './lambda.ts'
import { countRunning, deriveMinute, type LambdaMinute, sampleKey } from './lambda-minute.ts'
import { createLateness, type Lateness, type LateOptions } from './lateness.ts'
import { hashText, mixSeed } from './random.ts'
import { firstSeenMs, makeLateRow, makePunctualRow, type SampleRow, seenValues } from './sample-row.ts'
import { ALL_TRAFFIC, listSeries, type Scope, type Series } from './series.ts'

/** What CloudWatch says of any series and minute at any time. Nothing is stored: everything follows from the options. */
export interface Truth {
  readonly fleet: Fleet
  /** Every series that a region publishes, by `seriesKey`. */
  series(accountId: string, region: string): ReadonlyMap<string, Series>
  /** The samples stamped with a minute that are seen at `nowMs`, at Infinity all; empty when there are none. */
  samples(series: Series, minuteMs: EpochMs, nowMs: EpochMs): readonly number[]
  /** The same with the times at which each is seen; undefined for no samples, and for sums over a region. */
  row(series: Series, minuteMs: EpochMs): SampleRow | undefined
  /** Whether some of a minute comes hours late. */
  isStraggling(series: Series, minuteMs: EpochMs): boolean
  /** The first instant at which anything of a lambda's minute is seen; undefined when it did nothing. */
  seenFromMs(lambda: Lambda, minuteMs: EpochMs): EpochMs | undefined
  /** Makes something happen to a lambda; a change in the past changes the past. */
  change(change: Change): void
  /** How data come late; undefined while they do not. */
  readonly late: LateOptions | undefined
  /** Turns late data on, or off with undefined, for the past too. */
  setLate(late: LateOptions | undefined): void
}

/** At some 2 KB each, 80 MB at most; 100 active lambdas × 180 minutes fit. */
const CACHED_MINUTES = 20_000

/** A poll reads some twenty minutes of every lambda again: those of a large fleet must fit too. */
const CACHED_MINUTES_PER_LAMBDA = 25

const CACHED_REGION_MINUTES = 400

/** What is older is asked for once, in periods of hours or days: kept like the rest, it would push out what is asked for again. */
const FAR_MS = 2 * DAY_MS
const CACHED_FAR_MINUTES = 64

const NO_TIMES: readonly EpochMs[] = []
const NO_VALUES: readonly number[] = []
const NO_INVOCATIONS: readonly Invocation[] = []

/** Instants of a minute at which region-wide concurrency is counted: every 15 s. */
const COUNTED_AT_MS = [0, 15_000, 30_000, 45_000]

const REGION_CONCURRENCY: ReadonlySet<string> = new Set([
  'ConcurrentExecutions',
  'UnreservedConcurrentExecutions',
  'ClaimedAccountConcurrency',
])

type RegionScope = Extract<Scope, { kind: 'region' }>

/** One number for a lambda and a minute: minutes since 1970 stay below 2^26 until 2097. */
function minuteKey(lambda: Lambda, minuteMs: EpochMs): number {
  return lambda.id * 2 ** 26 + minuteMs / MINUTE_MS
}

/** What was derived of lambdas' minutes. */
interface Derived {
  readonly invocations: GenerationCache<number, readonly Invocation[]>
  readonly minutes: GenerationCache<number, LambdaMinute>
}

function createDerived(limit: number): Derived {
  return { invocations: createGenerationCache(limit), minutes: createGenerationCache(limit) }
}

class DerivedTruth implements Truth {
  #fleet: Fleet
  late: LateOptions | undefined
  #lateness: Lateness | undefined
  #series = new Map<string, ReadonlyMap<string, Series>>()
  #active = new Map<string, readonly Lambda[]>()
  /** What is final of a region's sums and concurrency: every poll asks for it again, and it takes all lambdas to derive. */
  #regional = createGenerationCache<string, SampleRow>(CACHED_REGION_MINUTES)
  #near: Derived
  #far = createDerived(CACHED_FAR_MINUTES)

  constructor(options: FleetOptions, late: LateOptions | undefined) {
    this.late = late
    this.#lateness = late && createLateness(late)
    ;[this.#fleet, this.#near] = this.#begin(options)
  }

  get fleet(): Fleet {
    return this.#fleet
  }

  #begin(options: FleetOptions) {
    const lambdas = options.lambdasPerAccount * options.accountIds.length
    const limit = Math.max(CACHED_MINUTES, CACHED_MINUTES_PER_LAMBDA * lambdas)
    return [createFleet(options), createDerived(limit)] as const
  }

  /** Forgets everything derived. */
  #restart(options: FleetOptions): void {
    ;[this.#fleet, this.#near] = this.#begin(options)
    this.#far = createDerived(CACHED_FAR_MINUTES)
    this.#series = new Map()
    this.#active = new Map()
    this.#regional = createGenerationCache(CACHED_REGION_MINUTES)
  }

  change(change: Change): void {
    const { options } = this.#fleet
    const changes = [...(options.changes ?? []), change]
    this.#restart({ ...options, changes: changes.toSorted((left, right) => left.atMs - right.atMs) })
  }

  setLate(late: LateOptions | undefined): void {
    this.late = late
    this.#lateness = late && createLateness(late)
    this.#restart(this.#fleet.options)
  }

  series(accountId: string, region: string): ReadonlyMap<string, Series> {
    const key = `${accountId}/${region}`
    const series = this.#series.get(key) ?? listSeries(this.#fleet, accountId, region)
    this.#series.set(key, series)
    return series
  }

  samples(series: Series, minuteMs: EpochMs, nowMs: EpochMs): readonly number[] {
    if (this.#isBeforeAll(minuteMs)) return NO_VALUES
    const { scope, metric } = series
    if (scope.kind !== 'region' || REGION_CONCURRENCY.has(metric)) {
      return seenValues(this.#rowOf(series, minuteMs, this.#derivedFor(minuteMs, nowMs)), nowMs)
    }
    const key = `${scope.accountId} ${scope.region} ${metric} ${minuteMs}`
    const known = this.#regional.get(key)
    if (known !== undefined && nowMs >= known.finalMs) return known.values
    const rows = this.#activeOf(scope).flatMap(
      (lambda) => this.#minuteOf(lambda, minuteMs, this.#near).rows.get(metric) ?? [],
    )
    const values = rows.flatMap((row) => seenValues(row, nowMs))
    const finalMs = rows.reduce((latest, row) => Math.max(latest, row.finalMs), minuteMs + MINUTE_MS)
    if (nowMs >= finalMs) this.#regional.put(key, makePunctualRow(values, NO_TIMES, finalMs))
    return values
  }

  row(series: Series, minuteMs: EpochMs): SampleRow | undefined {
    return this.#isBeforeAll(minuteMs) ? undefined : this.#rowOf(series, minuteMs, this.#near)
  }

  /** Two weeks of minutes of thousands of lambdas take minutes to derive: a fleet may say that nothing ran before a time. */
  #isBeforeAll(minuteMs: EpochMs): boolean {
    return minuteMs < (this.#fleet.options.sinceMs ?? Number.NEGATIVE_INFINITY)
  }

  #derivedFor(minuteMs: EpochMs, nowMs: EpochMs): Derived {
    const isFar = nowMs !== Number.POSITIVE_INFINITY && nowMs - minuteMs > FAR_MS
    return isFar ? this.#far : this.#near
  }

  #rowOf({ scope, metric }: Series, minuteMs: EpochMs, derived: Derived): SampleRow | undefined {
    if (scope.kind === 'region') {
      if (!REGION_CONCURRENCY.has(metric)) return undefined
      const key = `${scope.accountId} ${scope.region} ${metric} ${minuteMs}`
      return this.#regional.get(key) ?? this.#regional.put(key, this.#concurrency(scope, metric, minuteMs))
    }
    const route = scope.kind === 'lambda' ? scope.route : ALL_TRAFFIC
    return this.#minuteOf(scope.lambda, minuteMs, derived).rows.get(sampleKey(metric, route))
  }

  isStraggling({ scope, metric }: Series, minuteMs: EpochMs): boolean {
    const lateness = this.#lateness
    if (!lateness) return false
    if (scope.kind !== 'region') return lateness.straggling(scope.lambda.seed, minuteMs) !== undefined
    if (REGION_CONCURRENCY.has(metric)) return false
    return this.#activeOf(scope).some((lambda) => lateness.straggling(lambda.seed, minuteMs) !== undefined)
  }

  seenFromMs(lambda: Lambda, minuteMs: EpochMs): EpochMs | undefined {
    if (this.#isBeforeAll(minuteMs)) return undefined
    let firstMs: EpochMs | undefined
    for (const row of this.#minuteOf(lambda, minuteMs, this.#near).rows.values()) {
      firstMs = Math.min(firstMs ?? Number.POSITIVE_INFINITY, firstSeenMs(row))
    }
    return firstMs
  }

  #activeOf({ accountId, region }: RegionScope): readonly Lambda[] {
    const key = `${accountId}/${region}`
    const active =
      this.#active.get(key) ?? this.#fleet.lambdas(accountId, region).filter((lambda) => lambda.isActive)
    this.#active.set(key, active)
    return active
  }

  #starting(lambda: Lambda, minuteMs: EpochMs, { invocations }: Derived): readonly Invocation[] {
    if (this.#isBeforeAll(minuteMs)) return NO_INVOCATIONS
    const key = minuteKey(lambda, minuteMs)
    return invocations.get(key) ?? invocations.put(key, drawInvocations(lambda, minuteMs))
  }

  /** Those that run in the minute: what started in it, or early enough before it to reach into it. */
  #running(lambda: Lambda, minuteMs: EpochMs, derived: Derived): readonly Invocation[] {
    const lookbackMs = Math.ceil(longestMs(lambda) / MINUTE_MS) * MINUTE_MS
    const running: Invocation[] = []
    for (let atMs = minuteMs - lookbackMs; atMs <= minuteMs; atMs += MINUTE_MS) {
      for (const invocation of this.#starting(lambda, atMs, derived)) {
        if (invocation.endMs > minuteMs) running.push(invocation)
      }
    }
    return running
  }

  #minuteOf(lambda: Lambda, minuteMs: EpochMs, derived: Derived): LambdaMinute {
    const key = minuteKey(lambda, minuteMs)
    const known = derived.minutes.get(key)
    if (known !== undefined) return known
    const invocations = this.#starting(lambda, minuteMs, derived)
    // Concurrency is counted where an invocation starts: a silent minute needs no look back.
    const running = invocations.length > 0 ? this.#running(lambda, minuteMs, derived) : []
    return derived.minutes.put(key, deriveMinute({ lambda, minuteMs, invocations, running }, this.#lateness))
  }

  #concurrency(scope: RegionScope, metric: string, minuteMs: EpochMs): SampleRow {
    const lambdas = this.#activeOf(scope)
    const isWhole = metric === 'ConcurrentExecutions'
    const counted = isWhole ? lambdas : lambdas.filter((lambda) => lambda.reservedConcurrency === undefined)
    const running = counted.flatMap((lambda) => this.#running(lambda, minuteMs, this.#near))
    const claimed = metric === 'ClaimedAccountConcurrency' ? claimedConcurrency(lambdas) : 0
    const atMs = COUNTED_AT_MS.map((offsetMs) => minuteMs + offsetMs)
    const values = atMs.map((each) => countRunning(running, each) + claimed)
    if (!this.#lateness) return makePunctualRow(values, atMs, minuteMs + MINUTE_MS)
    const seed = mixSeed(hashText(`${scope.accountId}/${scope.region}`), this.#fleet.options.seed)
    const delayMs = this.#lateness.delayMs(seed, minuteMs, metric)
    return makeLateRow(values, atMs, { delayMs, straggling: undefined })
  }
}

function claimedConcurrency(lambdas: readonly Lambda[]): number {
  const provisioned =
    lambdas.filter((lambda) => lambda.trait === 'provisioned').length * PROVISIONED_INSTANCES
  return lambdas.reduce((sum, lambda) => sum + (lambda.reservedConcurrency ?? 0), provisioned)
}

/** Creates the truth of a fleet; late data only when asked for. Everything is derived when needed and cached within a bound. */
export function createTruth(options: FleetOptions, late?: LateOptions): Truth {
  return new DerivedTruth(options, late)
}
