import type { EpochMs, Point } from 'guance-aws-lambda/dff'
import type { Outcome } from 'guance-aws-lambda/dff'
import type { Datapoints, QueryOutcome } from './fetch.ts'
import { nameFields } from './field-set.ts'
import { coversMinute } from './holes.ts'
import type { Begun, Entry, Tags } from './ledger.ts'
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

/** Fields of a line that go on in one that another tier has begun, with its tags, and those of our own. */
function splitBegun(
  { timeMs, fields }: Write,
  begun: readonly Begun[],
): readonly { readonly fields: Fields; readonly tags?: Tags }[] {
  const here = begun.filter((one) => coversMinute(one, timeMs))
  const parts = here.map((one) => ({ names: new Set(nameFields(one.fields)), tags: one.tags }))
  const pick = (isWanted: (field: string) => boolean): Fields =>
    Object.fromEntries(Object.entries(fields).filter(([field]) => isWanted(field)))
  if (parts.length === 0) return [{ fields }]
  return [
    { fields: pick((field) => !parts.some(({ names }) => names.has(field))) },
    ...parts.map(({ names, tags }) => ({ fields: pick((field) => names.has(field)), tags })),
  ]
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
    return splitBegun(write, history.begun ?? []).flatMap(({ fields, tags }): Point[] => {
      if (Object.keys(fields).length === 0) return []
      const all = { ...(tags ?? tagsAt(history, timeMs)), ...lineTags.own }
      return [{ category: 'metric', measurement, tags: all, fields, timeMs }]
    })
  })
}
