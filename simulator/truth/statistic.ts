/** The samples of one period; percentiles share one sorted copy. */
export interface Samples {
  readonly values: readonly number[]
  sorted(): readonly number[]
}

/** A statistic of at least one sample. */
export type Statistic = (samples: Samples) => number

class SampleList implements Samples {
  readonly values: readonly number[]
  #sorted: readonly number[] | undefined

  constructor(values: readonly number[]) {
    this.values = values
  }

  sorted(): readonly number[] {
    const { values } = this
    return (this.#sorted ??= values.length > 1 ? values.toSorted((left, right) => left - right) : values)
  }
}

/** Wraps samples; the sorted copy is made when first needed. */
export function makeSamples(values: readonly number[]): Samples {
  return new SampleList(values)
}

function sum(values: readonly number[]): number {
  let total = 0
  for (const value of values) total += value
  return total
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : sum(values) / values.length
}

const SIMPLE: Readonly<Record<string, Statistic>> = {
  SampleCount: ({ values }) => values.length,
  Sum: ({ values }) => sum(values),
  Average: ({ values }) => mean(values),
  Minimum: ({ values }) => values.reduce((least, value) => Math.min(least, value)),
  Maximum: ({ values }) => values.reduce((most, value) => Math.max(most, value)),
  IQM: (samples) => mean(between(samples, 25, 75)),
}

/**
 * Nearest rank: the smallest sample that at least `percent` of all samples do not exceed. CloudWatch's own interpolation
 * is not published; nearest rank returns a value that really occurred, so a test can name it.
 */
function percentile(samples: Samples, percent: number): number {
  const sorted = samples.sorted()
  const rank = Math.max(Math.ceil((percent / 100) * sorted.length), 1)
  return sorted[rank - 1] ?? Number.NaN
}

/** The samples ranked above `lowPercent` and up to `highPercent`; what is trimmed is rounded down, so something always stays. */
function between(samples: Samples, lowPercent: number, highPercent: number): readonly number[] {
  const sorted = samples.sorted()
  const first = Math.floor((lowPercent / 100) * sorted.length)
  return sorted.slice(first, Math.max(Math.ceil((highPercent / 100) * sorted.length), first + 1))
}

type Trimmed = (inside: readonly number[], all: readonly number[]) => number

const TRIMMED: Readonly<Record<string, Trimmed>> = {
  tm: mean,
  tc: (inside) => inside.length,
  ts: sum,
  pr: (inside, all) => (100 * inside.length) / all.length,
}

interface Bound {
  readonly value: number
  readonly isPercent: boolean
}

const NUMBER = String.raw`\d+(?:\.\d{1,10})?`
const SHORT = new RegExp(`^(p|tm|tc|ts|wm)(${NUMBER})$`, 'i')
const RANGE = new RegExp(`^(tm|tc|ts|wm|pr)\\((${NUMBER}%?)?:(${NUMBER}%?)?\\)$`, 'i')

function parseBound(text: string | undefined, otherwise: Bound): Bound {
  if (text === undefined) return otherwise
  return { value: Number.parseFloat(text), isPercent: text.endsWith('%') }
}

function winsorized(samples: Samples, low: number, high: number): number {
  const [least, most] = [percentile(samples, low), percentile(samples, high)]
  return mean(samples.values.map((value) => Math.min(Math.max(value, least), most)))
}

function parseShort(match: RegExpExecArray): Statistic | undefined {
  const kind = (match[1] ?? '').toLowerCase()
  const percent = Number(match[2])
  if (percent > 100) return undefined
  if (kind === 'p') return (samples) => percentile(samples, percent)
  if (kind === 'wm') return (samples) => winsorized(samples, 0, percent)
  const trimmed = TRIMMED[kind]
  return trimmed && ((samples) => trimmed(between(samples, 0, percent), samples.values))
}

function parseRange(match: RegExpExecArray): Statistic | undefined {
  const kind = (match[1] ?? '').toLowerCase()
  if (match[2] === undefined && match[3] === undefined) return undefined
  const isPercent = (match[2] ?? match[3] ?? '').endsWith('%')
  const low = parseBound(match[2], { value: isPercent ? 0 : Number.NEGATIVE_INFINITY, isPercent })
  const high = parseBound(match[3], { value: isPercent ? 100 : Number.POSITIVE_INFINITY, isPercent })
  const isOrdered = low.isPercent === high.isPercent && low.value < high.value
  if (!isOrdered || (isPercent && (high.value > 100 || kind === 'pr'))) return undefined
  if (kind === 'wm') return isPercent ? (samples) => winsorized(samples, low.value, high.value) : undefined
  const trimmed = TRIMMED[kind]
  if (trimmed === undefined) return undefined
  if (isPercent) return (samples) => trimmed(between(samples, low.value, high.value), samples.values)
  const isInside = (value: number): boolean => value > low.value && value <= high.value
  return (samples) => trimmed(samples.values.filter(isInside), samples.values)
}

const parsed = new Map<string, Statistic | undefined>()

/** A statistic by its CloudWatch name (`Sum`, `p99.9`, `tm90`, `TM(10%:90%)`, …); undefined when CloudWatch has none of this name. */
export function parseStatistic(name: string): Statistic | undefined {
  if (parsed.has(name)) return parsed.get(name)
  const short = SHORT.exec(name)
  const range = RANGE.exec(name)
  const simple = Object.hasOwn(SIMPLE, name) ? SIMPLE[name] : undefined
  const statistic = simple ?? (short ? parseShort(short) : range ? parseRange(range) : undefined)
  if (parsed.size < 1_000) parsed.set(name, statistic)
  return statistic
}
