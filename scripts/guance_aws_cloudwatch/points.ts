import type { EpochMs, Point } from 'guance-aws-lambda/dff'
import type { Outcome } from 'guance-aws-lambda/dff'
import type { Datapoints, QueryOutcome } from './fetch.ts'
import type { Entry } from './ledger.ts'
import type { Series } from './series.ts'
import type { Fields, Write } from './settle.ts'
import { fieldName } from './statistics.ts'
import { type LineTags, tagsAt } from './tags.ts'

/** Lines of one identity: a float field `<Metric>_<Statistic>` per complete query that has a value at the minute. */
export function makeLines(outcomes: readonly QueryOutcome[]): ReadonlyMap<EpochMs, Fields> {
  const lines = new Map<EpochMs, Record<string, number>>()
  for (const { query, outcome } of outcomes) {
    if (!isComplete(outcome)) continue
    const field = fieldName(query.series.metric, query.statistic)
    for (const [timeMs, value] of outcome.value) {
      const fields = lines.get(timeMs)
      if (fields === undefined) lines.set(timeMs, { [field]: value })
      else fields[field] = value
    }
  }
  return lines
}

function isComplete(
  outcome: Outcome<Datapoints>,
): outcome is Extract<Outcome<Datapoints>, { kind: 'complete' }> {
  return outcome.kind === 'complete'
}

/** One point per line, with the tags that its minute was first written with: another tag set would be another series. */
export function makePoints(
  series: Series,
  writes: readonly Write[],
  { lineTags, history }: { readonly lineTags: LineTags; readonly history: Pick<Entry, 'past' | 'tags'> },
): readonly Point[] {
  const measurement = `aws_${series.namespace}`
  return writes.map(({ timeMs, fields }): Point => {
    const tags = { ...tagsAt(history, timeMs), ...lineTags.own }
    return { category: 'metric', measurement, tags, fields, timeMs }
  })
}
