import { type EpochMs, HOUR_MS } from 'guance-aws-lambda/dff'
import type { Seen, SeenBucket } from './fact-book.ts'
import { compareFacts, type Difference } from './function-facts.ts'
import { lastModifiedMs } from './function-object.ts'

/** What happened to a function between two complete listings. */
export type FunctionChange = {
  readonly name: string
  /** When AWS says that it was modified; of a deletion, when it was first missed. */
  readonly timeMs: EpochMs
  readonly revisionId: string | null
} & (
  | { readonly kind: 'created' | 'deleted' }
  /** No difference: it was modified in what AWS does not list, such as the value of an environment variable. */
  | { readonly kind: 'changed'; readonly differences: readonly Difference[] }
)

/** When the two listings were made. */
export interface Span {
  readonly fromMs: EpochMs
  readonly toMs: EpochMs
}

/** What was modified longer than this before the listing that lacks it was overlooked there; and clocks are not the same. */
const OVERLOOKED_MS = HOUR_MS

function modifiedMs({ lastModified }: Seen): EpochMs | undefined {
  return lastModifiedMs(lastModified ?? undefined)
}

function changeOf(name: string, before: Seen, after: Seen, { toMs }: Span): readonly FunctionChange[] {
  const { revisionId } = after
  // Without one, what AWS lists has to say it.
  if (before.revisionId === revisionId && revisionId !== null) return []
  const differences = compareFacts(before.facts, after.facts)
  // A function that becomes active gets another revision, too.
  if (differences.length === 0 && before.lastModified === after.lastModified) return []
  return [{ kind: 'changed', name, revisionId, differences, timeMs: modifiedMs(after) ?? toMs }]
}

function creationOf(name: string, after: Seen, { fromMs, toMs }: Span): readonly FunctionChange[] {
  const timeMs = modifiedMs(after) ?? toMs
  if (timeMs < fromMs - OVERLOOKED_MS) return []
  return [{ kind: 'created', name, revisionId: after.revisionId, timeMs }]
}

/** Everything that happened to the functions of a bucket, but to those that are left out by choice; pure. */
export function findChanges(before: SeenBucket, after: SeenBucket, span: Span): readonly FunctionChange[] {
  const now = [...after].flatMap(([name, seen]) => {
    if (seen.isExcluded === true) return []
    const known = before.get(name)
    return known === undefined ? creationOf(name, seen, span) : changeOf(name, known, seen, span)
  })
  const gone = [...before].flatMap(([name, { revisionId, isExcluded }]): readonly FunctionChange[] =>
    after.has(name) || isExcluded === true ? [] : [{ kind: 'deleted', name, revisionId, timeMs: span.toMs }],
  )
  return [...now, ...gone]
}
