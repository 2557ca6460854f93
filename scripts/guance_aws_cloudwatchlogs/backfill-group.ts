import type { Window } from 'guance-aws-lambda/dff'
import type { GroupRun } from './group-reader.ts'
import type { LogGroup } from './log-group.ts'
import type { MarkBook } from './mark-book.ts'
import { type GroupResult, readGroup } from './read-group.ts'

const NOTHING: Omit<GroupResult, 'finalMs'> = {
  events: 0,
  lines: 0,
  restHidden: 0,
  reports: 0,
  late: 0,
  latestMs: 0,
  isMissing: false,
  isUnfinished: false,
}

interface Backfill {
  readonly window: Window
  readonly marks: MarkBook
  /** Of the group. */
  readonly key: string
}

/**
 * Reads what a group had before its collection began, as far as a window asked for by hand goes. What was collected is not
 * read again, and a window that was read before, or in part before a kill, goes on where that ended.
 */
export async function backfillGroup(
  run: GroupRun,
  group: LogGroup,
  { window, marks, key }: Backfill,
): Promise<GroupResult> {
  const mark = marks.markOf(group)
  const { startMs } = window
  const toMs = Math.min(window.endMs, mark.sinceMs)
  if (startMs >= toMs) return { ...NOTHING, finalMs: mark.finalMs }
  const stateKey = `${key}@${startMs}`
  const result = await readGroup(run, group, { stateKey, fromMs: startMs, toMs, latenessMs: 0 })
  const isJoined = result.finalMs >= mark.sinceMs
  if (isJoined) marks.set(group, { ...mark, sinceMs: startMs })
  return result
}
