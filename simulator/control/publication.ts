import type { EpochMs } from '../../core/time.ts'
import type { Write } from '../receiver/stored-point.ts'
import type { Series } from '../truth/series.ts'
import { makeSamples, parseStatistic } from '../truth/statistic.ts'
import type { Truth } from '../truth/truth.ts'
import type { HeldMinute } from './held-index.ts'

/** How values were published, beside what is held of them now. Counted in field values. */
export interface PublicationFigures {
  /** Values that were written again with another value, and again as they were. */
  rewrittenDifferently: number
  duplicates: number
  /** Values whose first publication is what CloudWatch finally says, and is not. */
  firstRight: number
  firstWrong: number
  /** Values of minutes that come hours late: in neither of the two, nor in `alertMinutes`. */
  lateExcluded: number
  /**
   * Of those, values that are missing from a minute of which other fields are held: a second line might have erased them.
   * A late minute of which nothing is held is missing without such a reason.
   */
  lateMissing: number
  /** Σ|held − true| ÷ Σ true over all values of the statistic Sum; what is missing counts as 0. */
  valueError: number
  /** From an invocation's end to the instant from which the receiver's Invocations_Sum counts it. */
  alertMinutes: { p50: number; p95: number; invocations: number; never: number }
}

/** What is to be judged of one series and minute. */
interface Judged {
  readonly statistics: readonly string[]
  /** The samples that CloudWatch shows now. */
  readonly seen: readonly number[]
  readonly moment: HeldMinute | undefined
}

/** Gathers the figures while an audit goes through the values. */
export interface Publications {
  countLines(moment: HeldMinute): void
  judge(series: Series, timeMs: EpochMs, judged: Judged): void
  figures(): PublicationFigures
}

/** Durations by whole seconds: a percentile of millions of them needs no list of them. */
class Histogram {
  readonly #counts: number[] = []
  total = 0

  add(ms: number): void {
    const second = Math.max(Math.ceil(ms / 1_000), 0)
    this.#counts[second] = (this.#counts[second] ?? 0) + 1
    this.total++
  }

  /** The smallest number of minutes that this share of the durations does not exceed; 0 of none. */
  minutesAt(share: number): number {
    let seen = 0
    for (const [second, count = 0] of this.#counts.entries()) {
      seen += count
      if (seen >= share * this.total) return second / 60
    }
    return 0
  }
}

function writesOf(moment: HeldMinute | undefined, field: string): readonly Write[] {
  for (const line of moment?.lines ?? []) {
    const writes = line.writesOf(field)
    if (writes) return writes
  }
  return []
}

class Gatherer implements Publications {
  readonly #truth: Truth
  readonly #isEqual: (expected: number, held: number) => boolean
  readonly #alerts = new Histogram()
  readonly #counts = {
    rewrittenDifferently: 0,
    duplicates: 0,
    firstRight: 0,
    firstWrong: 0,
    lateExcluded: 0,
    lateMissing: 0,
  }
  #never = 0
  #trueSum = 0
  #errorSum = 0

  constructor(truth: Truth, isEqual: (expected: number, held: number) => boolean) {
    this.#truth = truth
    this.#isEqual = isEqual
  }

  countLines({ lines }: HeldMinute): void {
    for (const line of lines) {
      this.#counts.rewrittenDifferently += line.rewrittenDifferently
      this.#counts.duplicates += line.duplicates
    }
  }

  judge(series: Series, timeMs: EpochMs, { statistics, seen, moment }: Judged): void {
    const isLate = this.#truth.isStraggling(series, timeMs)
    const final = makeSamples(this.#truth.samples(series, timeMs, Number.POSITIVE_INFINITY))
    for (const name of statistics) {
      const writes = writesOf(moment, `${series.metric}_${name}`)
      if (isLate) this.#countLate(writes, moment)
      else this.#judgeFirst(writes[0], parseStatistic(name)?.(final) ?? Number.NaN)
    }
    if (statistics.includes('Sum')) this.#addError(series, seen, moment)
    if (series.metric === 'Invocations' && !isLate) this.#addAlerts(series, timeMs, moment)
  }

  #countLate(writes: readonly Write[], moment: HeldMinute | undefined): void {
    this.#counts.lateExcluded++
    if (writes.length === 0 && moment !== undefined && moment.lines.length > 0) this.#counts.lateMissing++
  }

  #judgeFirst(first: Write | undefined, expected: number): void {
    if (first === undefined) return
    if (this.#isEqual(expected, Number(first.value))) this.#counts.firstRight++
    else this.#counts.firstWrong++
  }

  #addError({ metric }: Series, seen: readonly number[], moment: HeldMinute | undefined): void {
    const field = `${metric}_Sum`
    const expected = seen.reduce((sum, value) => sum + value, 0)
    const line = moment?.lines.find((each) => each.value(field) !== undefined)
    this.#trueSum += Math.abs(expected)
    this.#errorSum += Math.abs(Number(line?.value(field) ?? 0) - expected)
  }

  /** The n-th invocation that reports is held from the first write on that counts n. */
  #addAlerts(series: Series, timeMs: EpochMs, moment: HeldMinute | undefined): void {
    const ends = this.#truth.row(series, timeMs)?.readyMs.toSorted((left, right) => left - right) ?? []
    const writes = writesOf(moment, 'Invocations_Sum')
    for (const [at, endMs] of ends.entries()) {
      const held = writes.find(({ value }) => Number(value) > at)
      if (held) this.#alerts.add(held.atMs - endMs)
      else this.#never++
    }
  }

  figures(): PublicationFigures {
    return {
      ...this.#counts,
      valueError: this.#trueSum === 0 ? 0 : this.#errorSum / this.#trueSum,
      alertMinutes: {
        p50: this.#alerts.minutesAt(0.5),
        p95: this.#alerts.minutesAt(0.95),
        invocations: this.#alerts.total,
        never: this.#never,
      },
    }
  }
}

/** Creates a gatherer of figures; `isEqual` allows for another order of additions. */
export function createPublications(
  truth: Truth,
  isEqual: (expected: number, held: number) => boolean,
): Publications {
  return new Gatherer(truth, isEqual)
}
