import type { EpochMs, Point } from 'guance-aws-lambda/dff'
import type { Outcome } from 'guance-aws-lambda/dff'
import type { Datapoints, QueryOutcome } from './fetch.ts'
import { nameFields } from './field-set.ts'
import { coversMinute, type Hole } from './holes.ts'
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

/** Fields of a line that go on in the one that the critical tier has begun, and those of our own. */
function splitBegun({ timeMs, fields }: Write, begun: readonly Hole[]) {
  const theirs = new Set(
    begun.filter((hole) => coversMinute(hole, timeMs)).flatMap((hole) => nameFields(hole.fields)),
  )
  const pick = (isTheirs: boolean): Fields =>
    Object.fromEntries(Object.entries(fields).filter(([field]) => theirs.has(field) === isTheirs))
  return theirs.size === 0
    ? [{ fields }]
    : [{ fields: pick(false) }, { fields: pick(true), tier: 'critical' }]
}

/** One point per line, with the tags that its minute was first written with: another tag set would be another series. */
export function makePoints(
  series: Series,
  writes: readonly Write[],
  {
    lineTags,
    history,
  }: { readonly lineTags: LineTags; readonly history: Pick<Entry, 'past' | 'tags' | 'begun'> },
): readonly Point[] {
  const measurement = `aws_${series.namespace}`
  return writes.flatMap((write) => {
    const { timeMs } = write
    const tags = { ...tagsAt(history, timeMs), ...lineTags.own }
    return splitBegun(write, history.begun ?? []).flatMap(({ fields, tier }): Point[] => {
      if (Object.keys(fields).length === 0) return []
      const own = tier === undefined ? tags : { ...tags, tier }
      return [{ category: 'metric', measurement, tags: own, fields, timeMs }]
    })
  })
}
