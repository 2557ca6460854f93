import type { SeriesStatistics } from './plan.ts'
import { fieldName } from './statistics.ts'

/** Metric and statistic of a field, from which both can be had again. */
export type FieldKey = string

/** Field keys in one text, sorted, a line each: equal sets are equal texts, and no field is the empty text. */
export type FieldSet = string

const BETWEEN = '\t'
const AFTER = '\n'

export const NO_FIELDS: FieldSet = ''

export function fieldKey(metric: string, statistic: string): FieldKey {
  return `${metric}${BETWEEN}${statistic}`
}

/** The field as it is called in a line, such as `Duration_p90`. */
export function nameOfField(key: FieldKey): string {
  const [metric = '', statistic = ''] = key.split(BETWEEN)
  return fieldName(metric, statistic)
}

export function toFieldSet(keys: Iterable<FieldKey>): FieldSet {
  return [...new Set(keys)].toSorted().join(AFTER)
}

export function keysOf(set: FieldSet): readonly FieldKey[] {
  return set === NO_FIELDS ? [] : set.split(AFTER)
}

/** Names of a set's fields, for people. */
export function nameFields(set: FieldSet): readonly string[] {
  return keysOf(set).map(nameOfField)
}

/** The fields that are in both. */
export function commonFields(left: FieldSet, right: FieldSet): FieldSet {
  if (left === right || left === NO_FIELDS) return left
  const known = new Set(keysOf(right))
  return toFieldSet(keysOf(left).filter((key) => known.has(key)))
}

/** The fields of `set` that are not in `other`. */
export function withoutFields(set: FieldSet, other: FieldSet): FieldSet {
  if (other === NO_FIELDS) return set
  if (set === other) return NO_FIELDS
  const known = new Set(keysOf(other))
  return toFieldSet(keysOf(set).filter((key) => !known.has(key)))
}

/** Made once of each list: every look at an identity asks for it, and of 10,000 that is a fifth of a second. */
const setsMade = new WeakMap<readonly SeriesStatistics[], FieldSet>()

/** The fields of some series. */
export function fieldSetOf(wanted: readonly SeriesStatistics[]): FieldSet {
  const known = setsMade.get(wanted)
  if (known !== undefined) return known
  const keys = wanted.flatMap(({ series, statistics }) =>
    statistics.map((statistic) => fieldKey(series.metric, statistic)),
  )
  const made = toFieldSet(keys)
  setsMade.set(wanted, made)
  return made
}

/** What is wanted with further fields of the same dimension set, all statistics of a metric together. */
export function withFields(
  wanted: readonly SeriesStatistics[],
  further: FieldSet,
): readonly SeriesStatistics[] {
  const [first] = wanted
  if (further === NO_FIELDS || first === undefined) return wanted
  const byMetric = new Map(wanted.map((one) => [one.series.metric, one]))
  for (const key of keysOf(further)) {
    const [metric = '', statistic = ''] = key.split(BETWEEN)
    const known = byMetric.get(metric) ?? { series: { ...first.series, metric }, statistics: [] }
    if (known.statistics.includes(statistic)) continue
    byMetric.set(metric, { ...known, statistics: [...known.statistics, statistic] })
  }
  return [...byMetric.values()]
}
