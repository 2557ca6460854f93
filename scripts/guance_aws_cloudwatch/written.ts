import type { EpochMs } from 'guance-aws-lambda/dff'
import type { EntryPlan } from './entry-plan.ts'
import { type FieldKey, keysOf, nameOfField } from './field-set.ts'
import { coversMinute, type Hole } from './holes.ts'
import { isWithin } from './ranges.ts'

/** With which fields the lines of an identity were written, minute by minute, given what AWS has answered now. */
export interface Written {
  /** Fields that came now and that the line went out without. */
  readonly lackedAt: (timeMs: EpochMs) => ReadonlySet<string>
  /** Whether everything that the line was written with has come again: without it, it can neither be compared nor replaced. */
  readonly isWholeAt: (timeMs: EpochMs) => boolean
  /** Whether a minute without a digest has no line. */
  readonly isBlankAt: (timeMs: EpochMs) => boolean
  /**
   * Whether a field that came may go into the line: one that is collected no more belongs only where it was, gaps of that
   * time included, of which nobody else knows.
   */
  readonly belongsAt: (field: string, timeMs: EpochMs) => boolean
  /** Whether a field goes into the line of another tier: that one lacks it, whatever was written besides. */
  readonly isApartAt: (field: string, timeMs: EpochMs) => boolean
}

/** The lines of a stretch of minutes that were written alike. */
interface Stretch {
  readonly lacked: ReadonlySet<string>
  readonly isWhole: boolean
  readonly fields: ReadonlySet<string>
  /** In the lines of another tier. */
  readonly notOurs: ReadonlySet<string>
}

const NO_NAMES: ReadonlySet<string> = new Set()

function namesOf(keys: readonly FieldKey[]): ReadonlySet<string> {
  return new Set(keys.map(nameOfField))
}

/** Stretches by what makes them different, so that each is worked out once. */
function stretchTest({ entry }: EntryPlan, answered: ReadonlySet<FieldKey>) {
  const { former, holes, elsewhere, fields } = entry
  const current = keysOf(fields)
  const known = new Map<string, Stretch>()
  return (timeMs: EpochMs): Stretch => {
    const version = former.findIndex(({ untilMs }) => timeMs < untilMs)
    const here = holes.filter((hole) => coversMinute(hole, timeMs))
    const others = elsewhere.filter((range) => coversMinute(range, timeMs))
    const key = [
      version,
      ...here.map((hole) => holes.indexOf(hole)),
      '/',
      ...others.map((range) => elsewhere.indexOf(range)),
    ].join()
    const found = known.get(key)
    if (found !== undefined) return found
    const lacking = new Set([...here, ...others].flatMap((one) => keysOf(one.fields)))
    const notOurs = namesOf(others.flatMap((range) => keysOf(range.fields)))
    const written = keysOf(former[version]?.fields ?? fields).filter((one) => !lacking.has(one))
    const made = {
      lacked: namesOf(
        current.filter(
          (one) => answered.has(one) && !written.includes(one) && !notOurs.has(nameOfField(one)),
        ),
      ),
      notOurs,
      isWhole: written.every((one) => answered.has(one)),
      fields: namesOf(written),
    }
    known.set(key, made)
    return made
  }
}

function apartTest(begun: readonly Hole[] = []): Written['isApartAt'] {
  if (begun.length === 0) return () => false
  const ranges = begun.map((hole) => ({ hole, names: namesOf(keysOf(hole.fields)) }))
  return (field, timeMs) => ranges.some(({ hole, names }) => coversMinute(hole, timeMs) && names.has(field))
}

/** What is known of an identity's lines, when these of its fields came complete. */
export function writtenOf(plan: EntryPlan, answered: ReadonlySet<FieldKey>): Written {
  const { entry, circumstances } = plan
  const { former, holes, elsewhere, gaps, done, firstMs } = entry
  const { digests } = circumstances
  const isBefore = (timeMs: EpochMs): boolean => timeMs < firstMs && !isWithin(done, timeMs)
  const isUnwritten = (timeMs: EpochMs): boolean => isWithin(gaps, timeMs) || isBefore(timeMs)
  const isBlankAt = (timeMs: EpochMs): boolean => isWithin(digests, timeMs) || isUnwritten(timeMs)
  const isApartAt = apartTest(entry.begun)
  const current = keysOf(entry.fields)
  const isUniform = former.length === 0 && holes.length === 0 && elsewhere.length === 0
  if (isUniform && current.every((key) => answered.has(key))) {
    return { lackedAt: () => NO_NAMES, isWholeAt: () => true, isBlankAt, belongsAt: () => true, isApartAt }
  }
  const stretchAt = stretchTest(plan, answered)
  const collected = namesOf(current)
  return {
    lackedAt: (timeMs) => stretchAt(timeMs).lacked,
    isWholeAt: (timeMs) => isUnwritten(timeMs) || stretchAt(timeMs).isWhole,
    isBlankAt,
    isApartAt,
    belongsAt: (field, timeMs) =>
      collected.has(field)
        ? !stretchAt(timeMs).notOurs.has(field)
        : !isBefore(timeMs) && stretchAt(timeMs).fields.has(field),
  }
}
