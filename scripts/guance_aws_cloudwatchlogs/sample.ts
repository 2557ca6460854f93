import type { LineKind } from './line-kind.ts'
import { isError, type Status } from './status.ts'

/** What a sample decides by. */
export interface Sampled {
  readonly eventId: string
  /** The first line of the log that this one continues: both are kept, or neither. */
  readonly headEventId?: string
  readonly status: Status
  readonly kind: LineKind
}

/** Kinds of which every line counts. */
const ALWAYS: ReadonlySet<LineKind> = new Set<LineKind>(['report', 'init-report', 'restore-report'])

/** FNV-1a, then mixed once more: ids of one stream differ in their last digits only. 32 bits. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

/** Whether the line is kept at a rate from 0 to 1: errors and reports always, the rest by their ids, so that a page read twice gives the same. */
export function isKept({ eventId, headEventId, status, kind }: Sampled, rate: number): boolean {
  if (rate >= 1 || ALWAYS.has(kind) || isError(status)) return true
  return hashOf(headEventId ?? eventId) < rate * 2 ** 32
}
