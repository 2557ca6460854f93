import type { EpochMs, Window } from 'guance-aws-lambda/dff'
import { commonFields, type FieldSet, keysOf, NO_FIELDS, withoutFields } from './field-set.ts'
import { commonRanges, cutRanges, joinRanges } from './ranges.ts'

/** Of time. */
export const EVERYTHING: Window = { startMs: 0, endMs: Number.MAX_SAFE_INTEGER }

/** A range whose lines went out without some fields, because AWS did not answer for them then. */
export interface Hole extends Window {
  readonly fields: FieldSet
}

/** Those that lack the same fields joined where they touch, oldest first; empty ones vanish. */
export function joinHoles(holes: readonly Hole[]): readonly Hole[] {
  const alike = Map.groupBy(
    holes.filter(({ fields }) => fields !== NO_FIELDS),
    ({ fields }) => fields,
  )
  return [...alike]
    .flatMap(([fields, group]) => joinRanges(group).map((range) => ({ ...range, fields })))
    .toSorted((left, right) => left.startMs - right.startMs)
}

/** What is left of holes once the lines of `cut` were decided upon with these fields. */
export function fillHoles(holes: readonly Hole[], cut: Window, fields: FieldSet): readonly Hole[] {
  if (holes.length === 0 || fields === NO_FIELDS) return holes
  return joinHoles(
    holes.flatMap((hole) => {
      const filled = commonFields(hole.fields, fields)
      const rest = { ...hole, fields: withoutFields(hole.fields, fields) }
      return [rest, ...cutRanges([hole], cut).map((range) => ({ ...range, fields: filled }))]
    }),
  )
}

/** The holes as far as they are of these fields. */
export function holesOf(holes: readonly Hole[], fields: FieldSet): readonly Hole[] {
  if (holes.length === 0) return holes
  return joinHoles(holes.map((hole) => ({ ...hole, fields: commonFields(hole.fields, fields) })))
}

/** Where the lines went out without all of these fields; everywhere for no field. */
export function lackingRanges(holes: readonly Hole[], fields: FieldSet): readonly Window[] {
  return keysOf(fields).reduce<readonly Window[]>(
    (left, key) => commonRanges(left, joinRanges(holes.filter((hole) => keysOf(hole.fields).includes(key)))),
    [EVERYTHING],
  )
}

export function coversMinute({ startMs, endMs }: Window, timeMs: EpochMs): boolean {
  return timeMs >= startMs && timeMs < endMs
}
