import type { EpochMs } from 'guance-aws-lambda/dff'
import { type FieldSet, NO_FIELDS, toFieldSet, keysOf, withoutFields } from './field-set.ts'
import type { Entry } from './ledger.ts'

/** Minutes before `untilMs`, back to the one before it, were written with these fields. */
export interface FormerFields {
  readonly untilMs: EpochMs
  readonly fields: FieldSet
}

/** A list that AWS changes again and again must not fill the ledger: what is older counts as written like the oldest that is kept. */
const MAX_FORMER = 12

/** Takes over the fields of today for minutes from `fromMs` on; what was written before is known by its own as long as it may be written again. */
export function changeFields(
  entry: Entry,
  fields: FieldSet,
  { fromMs, keepMs }: { readonly fromMs: EpochMs; readonly keepMs: EpochMs },
): Entry {
  const former = entry.former.filter(({ untilMs }) => untilMs > keepMs)
  // Of a ledger that was written before fields were kept by name nobody knows what they were.
  const isSame = entry.fields === fields || entry.fields === NO_FIELDS
  if (isSame) return { ...entry, fields, former }
  const untilMs = Math.max(fromMs, former.at(-1)?.untilMs ?? fromMs)
  return { ...entry, fields, former: [...former, { untilMs, fields: entry.fields }].slice(-MAX_FORMER) }
}

/** Fields with which a minute was written and which are not collected any more; asked for as long as its line may be written again. */
export function droppedFields(
  { former, fields }: Pick<Entry, 'former' | 'fields'>,
  fromMs: EpochMs,
): FieldSet {
  const before = former.filter(({ untilMs }) => untilMs > fromMs)
  if (before.length === 0) return NO_FIELDS
  return withoutFields(toFieldSet(before.flatMap((one) => keysOf(one.fields))), fields)
}
