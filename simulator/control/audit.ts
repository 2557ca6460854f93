import { alignDown, type EpochMs, formatTime, MINUTE_MS } from '../../core/time.ts'
import type { Simulation } from '../simulation.ts'
import { existsAt } from '../truth/change.ts'
import { type Dimension, type Series, seriesKey } from '../truth/series.ts'
import { makeSamples, parseStatistic } from '../truth/statistic.ts'
import { type HeldMinute, indexHeld, placeKey, readHeld } from './held-index.ts'
import { isHomeGrain, PROMISED } from './promise.ts'
import { createPublications, type PublicationFigures } from './publication.ts'

/** What is compared: every promised value of these regions in [startMs, endMs), and every object. */
export interface AuditQuestion {
  readonly accountId: string
  readonly regions: readonly string[]
  readonly startMs: EpochMs
  readonly endMs: EpochMs
  /** Only these metrics; all when absent. */
  readonly metrics: readonly string[] | undefined
  /** Whether to report when and how values were first published, too. */
  readonly publications: boolean
  /** How many differences to describe. */
  readonly samples: number
}

/** How what the receiver holds differs from the truth. Counted in field values, plus one for each object. */
export interface AuditReport extends Partial<PublicationFigures> {
  expected: number
  missing: number
  wrong: number
  /** Values the truth does not have there, values of a second grain, and values held twice under different tags. */
  extra: number
  /** The first differences, readable. */
  readonly samples: string[]
}

/** A dimension set of a region: its series at AWS. */
interface Place {
  readonly region: string
  readonly dimensions: readonly Dimension[]
}

type Difference = 'missing' | 'wrong' | 'extra'
type Moments = Map<EpochMs, HeldMinute>

const OBJECT_CLASS = 'aws_lambda'

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
  readonly #publications

  constructor(simulation: Simulation, question: AuditQuestion) {
    this.#simulation = simulation
    this.#question = question
    this.#nowMs = simulation.clock.nowMs()
    this.#publications = question.publications ? createPublications(simulation.truth, isEqual) : undefined
  }

  run(): AuditReport {
    const held = indexHeld(this.#simulation.receiver.received, this.#question)
    for (const region of this.#question.regions) {
      // Place by place, so that the truth of one lambda is derived once and compared whole.
      for (const [key, series] of this.#promisedOf(region)) {
        const [first] = series
        if (!first) continue
        const place = { region, dimensions: first.dimensions }
        this.#comparePlace(place, series, readHeld(held.get(key) ?? [], this.#question))
        held.delete(key)
      }
      this.#expectObjects(region)
    }
    for (const [first, ...more] of held.values()) {
      if (first) this.#comparePlace(first.place, [], readHeld([first, ...more], this.#question))
    }
    this.#judgeObjects()
    return Object.assign(this.report, this.#publications?.figures())
  }

  #seriesOf(region: string): ReadonlyMap<string, Series> {
    return this.#simulation.truth.series(this.#question.accountId, region)
  }

  #isAsked(metric: string): boolean {
    return this.#question.metrics === undefined || this.#question.metrics.includes(metric)
  }

  #promisedOf(region: string): Map<string, Series[]> {
    const groups = new Map<string, Series[]>()
    for (const series of this.#seriesOf(region).values()) {
      const { metric, dimensions } = series
      const names = dimensions.map(({ Name }) => Name)
      if (PROMISED[metric] === undefined || !this.#isAsked(metric) || !isHomeGrain(metric, names)) continue
      const key = placeKey(region, dimensions)
      const group = groups.get(key)
      if (group) group.push(series)
      else groups.set(key, [series])
    }
    return groups
  }

  #note(difference: Difference, text: () => string): void {
    this.report[difference]++
    if (this.report.samples.length < this.#question.samples)
      this.report.samples.push(`${difference} ${text()}`)
  }

  #comparePlace(place: Place, promised: readonly Series[], moments: Moments): void {
    for (const [timeMs, moment] of moments) {
      for (const field of moment.doubles) {
        if (!this.#isAsked(field.split('_')[0] ?? '')) continue
        this.#note('extra', () => `${describe(place, timeMs, field)}: held twice under different tags`)
      }
      this.#publications?.countLines(moment)
    }
    for (const series of promised) this.#expectSeries(place, series, moments)
    for (const [timeMs, { values }] of moments) this.#judgeRest(place, timeMs, values)
  }

  #expectSeries(place: Place, series: Series, moments: Moments): void {
    const { startMs, endMs } = this.#question
    const statistics = PROMISED[series.metric]?.statistics ?? []
    const firstMs = alignDown(startMs + MINUTE_MS - 1, MINUTE_MS)
    for (let timeMs = firstMs; timeMs < endMs; timeMs += MINUTE_MS) {
      const values = this.#simulation.truth.samples(series, timeMs, this.#nowMs)
      if (values.length === 0) continue
      const moment = moments.get(timeMs)
      const samples = makeSamples(values)
      for (const name of statistics) {
        const expected = parseStatistic(name)?.(samples) ?? Number.NaN
        const field = `${series.metric}_${name}`
        this.#compare(expected, moment?.values.get(field), () => describe(place, timeMs, field))
        moment?.values.delete(field)
      }
      this.#publications?.judge(series, timeMs, { statistics, seen: values, moment })
    }
  }

  #compare(expected: number, held: number | undefined, where: () => string): void {
    this.report.expected++
    if (held === undefined) this.#note('missing', () => `${where()}: expected ${expected}`)
    else if (!isEqual(expected, held)) {
      this.#note('wrong', () => `${where()}: expected ${expected}, got ${held}`)
    }
  }

  /** What nobody promised is fine where the truth has the same value at the metric's own grain. */
  #judgeRest(place: Place, timeMs: EpochMs, values: ReadonlyMap<string, number>): void {
    for (const [field, value] of values) {
      const [metric = '', ...statistic] = field.split('_')
      if (!this.#isAsked(metric)) continue
      const where = (): string => describe(place, timeMs, field)
      const expected = this.#truthOf(place, timeMs, { metric, statistic: statistic.join('.') })
      if (expected === undefined) this.#note('extra', () => `${where()}: got ${value}`)
      else if (!isEqual(expected, value)) {
        this.#note('wrong', () => `${where()}: expected ${expected}, got ${value}`)
      }
    }
  }

  #truthOf(
    { region, dimensions }: Place,
    timeMs: EpochMs,
    { metric, statistic: name }: { readonly metric: string; readonly statistic: string },
  ): number | undefined {
    const series = this.#seriesOf(region).get(seriesKey(metric, dimensions))
    const statistic = parseStatistic(name)
    const names = dimensions.map(({ Name }) => Name)
    const isMinute = timeMs % MINUTE_MS === 0
    if (!series || !statistic || !isMinute || !isHomeGrain(metric, names)) return undefined
    const values = this.#simulation.truth.samples(series, timeMs, this.#nowMs)
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

  /** A function that came or went meanwhile may have an object or not. */
  #expectObjects(region: string): void {
    const { accountId, startMs, endMs } = this.#question
    const held = this.#objectNames()
    for (const lambda of this.#simulation.truth.fleet.lambdas(accountId, region)) {
      const isThroughout = [startMs, endMs, this.#nowMs].every((atMs) => existsAt(lambda, atMs))
      if (!lambda.isListed || !isThroughout) continue
      this.report.expected++
      if (!held.has(lambda.name)) {
        this.#note('missing', () => `object ${OBJECT_CLASS} ${lambda.name} of ${region}`)
      }
    }
  }

  #judgeObjects(): void {
    const { fleet } = this.#simulation.truth
    const known = new Set(
      this.#question.regions.flatMap((region) =>
        fleet
          .lambdas(this.#question.accountId, region)
          .filter((lambda) => lambda.isListed)
          .map((lambda) => lambda.name),
      ),
    )
    for (const name of this.#objectNames()) {
      if (!known.has(name)) this.#note('extra', () => `object ${OBJECT_CLASS} ${name}`)
    }
  }
}

function describe({ region, dimensions }: Place, timeMs: EpochMs, field: string): string {
  const series = dimensions.map(({ Name, Value }) => `${Name}=${Value}`).join(', ')
  return `${field} of {${series}} in ${region} at ${formatTime(timeMs)}`
}

/** Compares what the receiver holds with the truth as it is at the simulator's now. */
export function audit(simulation: Simulation, question: AuditQuestion): AuditReport {
  return new Audit(simulation, question).run()
}
