import type { EpochMs, Point } from 'guance-aws-lambda/dff'
import { identityOf, type Series } from './series.ts'
import { fieldName } from './statistics.ts'
import type { QueryOutcome } from './fetch.ts'

/** Tags of a series' line; pure, and the same for every minute of a run. */
export type TagsOf = (series: Series) => Readonly<Record<string, string>>

/**
 * One point per dimension set and minute, with a float field `<Metric>_<Statistic>` per query that has a value there:
 * a second line for the same minute may erase the first at the sink.
 */
export function makePoints(outcomes: readonly QueryOutcome[], tagsOf: TagsOf): Point[] {
  const lines = new Map<
    string,
    { readonly series: Series; readonly minutes: Map<EpochMs, Record<string, number>> }
  >()
  for (const { query, outcome } of outcomes) {
    if (outcome.kind !== 'complete' || outcome.value.size === 0) continue
    const { series, statistic } = query
    const key = `${series.namespace} ${identityOf(series)}`
    const line = lines.get(key) ?? { series, minutes: new Map<EpochMs, Record<string, number>>() }
    lines.set(key, line)
    const field = fieldName(series.metric, statistic)
    for (const [timeMs, value] of outcome.value) {
      const fields = line.minutes.get(timeMs)
      if (fields === undefined) line.minutes.set(timeMs, { [field]: value })
      else fields[field] = value
    }
  }
  return [...lines.values()].flatMap(({ series, minutes }) => {
    const tags = tagsOf(series)
    const measurement = `aws_${series.namespace}`
    return [...minutes]
      .toSorted(([left], [right]) => left - right)
      .map(([timeMs, fields]): Point => ({ category: 'metric', measurement, tags, fields, timeMs }))
  })
}
