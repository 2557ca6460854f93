import { type EpochMs, HOUR_MS, MINUTE_MS } from 'guance-aws-lambda/dff'
import type { LogGroup } from './log-group.ts'

/** A group that had an event within it is read at every poll. */
const ACTIVE_MS = HOUR_MS

/** What is known of a group between polls. */
export interface GroupMark {
  /** Everything before it was read for good. */
  readonly finalMs: EpochMs
  /** Where its reading began: what is older was never collected. */
  readonly sinceMs: EpochMs
  /** Time of its last event; absent where none was ever seen. */
  readonly seenMs?: EpochMs
  /** When lines of it were written last; absent where none ever were. */
  readonly linedMs?: EpochMs
  /** Their measurement, where it is not the name of the group. */
  readonly linedAs?: string
}

export interface TurnQuestion {
  readonly nowMs: EpochMs
  /** How old the reading of a group that does nothing may be. */
  readonly idleEveryMs: number
  readonly latenessMs: number
  /** Functions that were invoked lately. */
  readonly recent: ReadonlySet<string>
}

/** Whose turn it is. */
export interface Turns {
  /** At every poll. */
  readonly often: readonly LogGroup[]
  /** Groups of functions that do nothing and have not been looked at for long; the longest first. */
  readonly rarely: readonly LogGroup[]
}

export function isActive(
  { isNamed, functions }: LogGroup,
  { seenMs }: Pick<GroupMark, 'seenMs'>,
  { nowMs, recent }: Pick<TurnQuestion, 'nowMs' | 'recent'>,
): boolean {
  if (isNamed || (seenMs !== undefined && nowMs - seenMs < ACTIVE_MS)) return true
  return functions.some(({ name }) => recent.has(name))
}

/** So many groups further each poll begins with those of which nothing is known: as many as fail before a region is left alone. */
const FURTHER = 25

/** Groups of which there were events before the others: where a policy refuses many groups, those that may be read come first. */
export function inOrder(
  groups: readonly LogGroup[],
  markOf: (group: LogGroup) => GroupMark,
  nowMs: EpochMs,
): readonly LogGroup[] {
  const known = groups.filter((group) => markOf(group).seenMs !== undefined)
  const others = groups.filter((group) => markOf(group).seenMs === undefined)
  const first = (Math.floor(nowMs / (5 * MINUTE_MS)) * FURTHER) % Math.max(others.length, 1)
  return [...known, ...others.slice(first), ...others.slice(0, first)]
}

/** Which groups a poll reads. Skipping one only delays its lines: what was not read stays to be read. */
export function takeTurns(
  groups: readonly LogGroup[],
  markOf: (group: LogGroup) => GroupMark,
  question: TurnQuestion,
): Turns {
  const often: LogGroup[] = []
  const rarely: LogGroup[] = []
  for (const group of groups) {
    const mark = markOf(group)
    if (isActive(group, mark, question)) often.push(group)
    else if (question.nowMs - question.latenessMs - mark.finalMs >= question.idleEveryMs) rarely.push(group)
  }
  return { often, rarely: rarely.toSorted((left, right) => markOf(left).finalMs - markOf(right).finalMs) }
}
