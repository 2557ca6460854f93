import { alignDown, type EpochMs, formatTime, MINUTE_MS } from '../../core/time.ts'
import type { StoredPoint } from '../receiver/stored-point.ts'
import type { Simulation } from '../simulation.ts'
import { type Dimension, type Series, seriesKey } from '../truth/series.ts'
import { makeSamples, parseStatistic } from '../truth/statistic.ts'
import { isHomeGrain, PROMISED } from './promise.ts'

/** What is compared: every promised value of these regions in [startMs, endMs), and every object. */
export interface AuditQuestion {
  readonly accountId: string
  readonly regions: readonly string[]
  readonly startMs: EpochMs
  readonly endMs: EpochMs
  /** Only these metrics; all when absent. */
  readonly metrics: readonly string[] | undefined
}

/** How what the receiver holds differs from the truth. Counted in field values, plus one for each object. */
export interface AuditReport {
  expected: number
  missing: number
  wrong: number
  /** Values the truth does not have there, values of a second grain, and values held twice under different tags. */
  extra: number
  /** The first twenty differences, readable. */
  readonly samples: string[]
}

interface HeldSeries {
  readonly region: string
  readonly dimensions: readonly Dimension[]
  readonly timeMs: EpochMs
  readonly values: Map<string, number>
}

type Difference = 'missing' | 'wrong' | 'extra'

const MEASUREMENT = 'aws_AWS/Lambda'
const OBJECT_CLASS = 'aws_lambda'
const DIMENSION_NAMES = ['EventSourceMappingUUID', 'ExecutedVersion', 'FunctionName', 'Resource']
const MAX_SAMPLES = 20

/** Sums and averages may be added up in another order; nothing else may differ. */
const RELATIVE_TOLERANCE = 1e-9

function isEqual(expected: number, held: number): boolean {
  return Math.abs(expected - held) <= RELATIVE_TOLERANCE * Math.max(Math.abs(expected), Math.abs(held))
}

class Audit {
  readonly report: AuditReport = { expected: 0, missing: 0, wrong: 0, extra: 0, samples: [] }
  readonly #simulation: Simulation
  readonly #question: AuditQuestion
  readonly #nowMs: EpochMs
  readonly #held = new Map<string, HeldSeries>()

  constructor(simulation: Simulation, question: AuditQuestion) {
    this.#simulation = simulation
    this.#question = question
    this.#nowMs = simulation.clock.nowMs()
  }

  run(): AuditReport {
    for (const point of this.#simulation.receiver.received.points({
      category: 'metric',
      measurement: MEASUREMENT,
    })) {
      this.#hold(point)
    }
    for (const region of this.#question.regions) {
      for (const series of this.#seriesOf(region).values()) this.#expectSeries(region, series)
      this.#expectObjects(region)
    }
    for (const held of this.#held.values()) this.#judgeRest(held)
    this.#judgeObjects()
    return this.report
  }

  #seriesOf(region: string): ReadonlyMap<string, Series> {
    return this.#simulation.truth.series(this.#question.accountId, region)
  }

  #isAsked(metric: string): boolean {
    return this.#question.metrics === undefined || this.#question.metrics.includes(metric)
  }

  #note(difference: Difference, text: string): void {
    this.report[difference]++
    if (this.report.samples.length < MAX_SAMPLES) this.report.samples.push(`${difference} ${text}`)
  }

  /** Indexes what arrived by the series it says it is; tags beyond the dimensions do not tell series apart at AWS. */
  #hold(point: StoredPoint): void {
    const { regions, accountId, startMs, endMs } = this.#question
    const { RegionId: region = '', account_id: account } = point.tags
    const timeMs = Number(point.timeNs) / 1e6
    if (account !== accountId || !regions.includes(region) || timeMs < startMs || timeMs >= endMs) return
    const dimensions = DIMENSION_NAMES.flatMap((Name) => {
      const Value = point.tags[Name]
      return Value === undefined ? [] : [{ Name, Value }]
    })
    const key = heldKey(region, dimensions, timeMs)
    const held = this.#held.get(key) ?? { region, dimensions, timeMs, values: new Map<string, number>() }
    this.#held.set(key, held)
    for (const [field, value] of Object.entries(point.fields)) {
      const isTwice = held.values.has(field) && this.#isAsked(field.split('_')[0] ?? '')
      if (isTwice) this.#note('extra', `${describe(held, field)}: held twice under different tags`)
      held.values.set(field, Number(value))
    }
  }

  #expectSeries(region: string, series: Series): void {
    const { metric, dimensions } = series
    const promised = PROMISED[metric]
    const names = dimensions.map(({ Name }) => Name)
    if (promised === undefined || !this.#isAsked(metric) || !isHomeGrain(metric, names)) return
    const firstMs = alignDown(this.#question.startMs + MINUTE_MS - 1, MINUTE_MS)
    for (let timeMs = firstMs; timeMs < this.#question.endMs; timeMs += MINUTE_MS) {
      const values = this.#simulation.truth.samples(series, timeMs, this.#nowMs)
      if (values.length === 0) continue
      const held = this.#held.get(heldKey(region, dimensions, timeMs))
      const samples = makeSamples(values)
      for (const name of promised.statistics) {
        const expected = parseStatistic(name)?.(samples) ?? Number.NaN
        this.#compare(
          { region, dimensions, timeMs, values: held?.values ?? new Map() },
          `${metric}_${name}`,
          expected,
        )
      }
    }
  }

  #compare(held: HeldSeries, field: string, expected: number): void {
    this.report.expected++
    const value = held.values.get(field)
    held.values.delete(field)
    if (value === undefined) this.#note('missing', `${describe(held, field)}: expected ${expected}`)
    else if (!isEqual(expected, value)) {
      this.#note('wrong', `${describe(held, field)}: expected ${expected}, got ${value}`)
    }
  }

  /** What nobody promised is fine where the truth has the same value at the metric's own grain. */
  #judgeRest(held: HeldSeries): void {
    for (const [field, value] of held.values) {
      const [metric = '', ...statistic] = field.split('_')
      if (!this.#isAsked(metric)) continue
      const expected = this.#truthOf(held, metric, statistic.join('.'))
      if (expected === undefined) this.#note('extra', `${describe(held, field)}: got ${value}`)
      else if (!isEqual(expected, value)) {
        this.#note('wrong', `${describe(held, field)}: expected ${expected}, got ${value}`)
      }
    }
  }

  #truthOf(held: HeldSeries, metric: string, statisticName: string): number | undefined {
    const series = this.#seriesOf(held.region).get(seriesKey(metric, held.dimensions))
    const statistic = parseStatistic(statisticName)
    const names = held.dimensions.map(({ Name }) => Name)
    const isMinute = held.timeMs % MINUTE_MS === 0
    if (!series || !statistic || !isMinute || !isHomeGrain(metric, names)) return undefined
    const values = this.#simulation.truth.samples(series, held.timeMs, this.#nowMs)
    return values.length === 0 ? undefined : statistic(makeSamples(values))
  }

  #objectNames(): Set<string> {
    const { received } = this.#simulation.receiver
    const names = new Set<string>()
    for (const { tags } of received.points({ category: 'custom_object', measurement: OBJECT_CLASS })) {
      const isOurs = (tags.account_id ?? this.#question.accountId) === this.#question.accountId
      const isHere = tags.RegionId === undefined || this.#question.regions.includes(tags.RegionId)
      if (isOurs && isHere) names.add(tags.name ?? '')
    }
    return names
  }

  #expectObjects(region: string): void {
    const held = this.#objectNames()
    for (const { name } of this.#simulation.truth.fleet.lambdas(this.#question.accountId, region)) {
      this.report.expected++
      if (!held.has(name)) this.#note('missing', `object ${OBJECT_CLASS} ${name} of ${region}`)
    }
  }

  #judgeObjects(): void {
    const { fleet } = this.#simulation.truth
    const known = new Set(
      this.#question.regions.flatMap((region) =>
        fleet.lambdas(this.#question.accountId, region).map((lambda) => lambda.name),
      ),
    )
    for (const name of this.#objectNames()) {
      if (!known.has(name)) this.#note('extra', `object ${OBJECT_CLASS} ${name}`)
    }
  }
}

function heldKey(region: string, dimensions: readonly Dimension[], timeMs: EpochMs): string {
  return [region, timeMs, ...dimensions.map(({ Name, Value }) => `${Name}=${Value}`)].join('\n')
}

function describe({ region, dimensions, timeMs }: HeldSeries, field: string): string {
  const series = dimensions.map(({ Name, Value }) => `${Name}=${Value}`).join(', ')
  return `${field} of {${series}} in ${region} at ${formatTime(timeMs)}`
}

/** Compares what the receiver holds with the truth as it is at the simulator's now. */
export function audit(simulation: Simulation, question: AuditQuestion): AuditReport {
  return new Audit(simulation, question).run()
}
