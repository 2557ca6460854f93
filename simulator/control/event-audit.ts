import { type EpochMs, formatTime } from '../../core/time.ts'
import type { StoredPoint } from '../receiver/stored-point.ts'
import { type Change, existsAt } from '../truth/change.ts'
import type { Lambda } from '../truth/lambda.ts'
import type { Note, Tally } from './inventory-audit.ts'

/** One function, what happened to it, and what is held of that. */
interface Case {
  readonly lambda: Lambda
  readonly events: readonly StoredPoint[]
  readonly sinceMs: EpochMs
  readonly untilMs: EpochMs
}

function timeOf({ timeNs }: StoredPoint): EpochMs {
  return Number(timeNs / 1_000_000n)
}

function kindOf({ tags }: StoredPoint): string {
  return tags['change'] ?? ''
}

function describe(point: StoredPoint): string {
  return `${kindOf(point)} ${point.tags['FunctionName']} at ${formatTime(timeOf(point))}`
}

/** Whether an event tells of something that happened: at its time, or of a deletion at some time before. */
function isTrue(event: StoredPoint, changes: readonly Change[]): boolean {
  const timeMs = timeOf(event)
  if (kindOf(event) === 'deleted')
    return changes.some(({ kind, atMs }) => kind === 'delete' && atMs <= timeMs)
  const change = changes.findLast(({ kind, atMs }) => kind !== 'delete' && atMs === timeMs)
  if (change === undefined) return false
  if (change.kind !== 'memory' || kindOf(event) === 'created') return true
  const after = JSON.parse(String(event.fields['after'] ?? '{}')) as { readonly MemorySize?: string }
  return after.MemorySize === String(change.memoryMb)
}

/** What has to be told of a function: its last revision if it is there, its end if it is gone and was there to be seen. */
function isLastTold({ lambda, events, sinceMs, untilMs }: Case, changes: readonly Change[]): boolean {
  if (!existsAt(lambda, untilMs)) {
    return !existsAt(lambda, sinceMs) || events.some((event) => kindOf(event) === 'deleted')
  }
  const last = changes.at(-1)
  return events.some((event) => kindOf(event) !== 'deleted' && timeOf(event) === last?.atMs)
}

/** Compares the events of a function with what happened to it; one that is written twice is one too many. */
export function judgeEvents(one: Case, tally: Tally, note: Note): void {
  const { lambda, events, sinceMs, untilMs } = one
  const revisions = lambda.changes.filter(({ kind, atMs }) => kind !== 'tag' && atMs > sinceMs)
  const due = revisions.filter(({ atMs }) => atMs <= untilMs)
  const where = `${lambda.accountId}/${lambda.region}/${lambda.name}`
  if (due.length > 0) {
    tally.expected++
    if (!isLastTold(one, due)) note(tally, 'missing', `event of the last change of ${where}`)
  }
  const seen = new Set<string>()
  for (const event of events) {
    const key = `${kindOf(event)} ${timeOf(event)}`
    if (seen.has(key) || event.writes > 1) note(tally, 'extra', `a second event: ${describe(event)}`)
    else if (!isTrue(event, revisions)) note(tally, 'wrong', describe(event))
    seen.add(key)
  }
}
