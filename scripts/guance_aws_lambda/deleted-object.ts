import { type EpochMs, formatTime, type Point } from 'guance-aws-lambda/dff'
import type { InventoryEntry } from 'guance-aws-lambda/sets/guance_integration'
import { OBJECT_CLASS, type ObjectContext, objectTags } from './function-object.ts'

/** State of the last object of a function that is listed no more; the others are AWS's. */
const DELETED = 'Deleted'

/** Those that were listed and are no more. */
export function findDeleted(
  listed: readonly InventoryEntry[],
  before: readonly InventoryEntry[],
): readonly InventoryEntry[] {
  const names = new Set(listed.map(({ name }) => name))
  return before.filter(({ name }) => !names.has(name))
}

/** The last object of a deleted function: what is remembered of it, and when it was listed last. */
export function makeDeletedObject(
  { name, tags, revisionId }: InventoryEntry,
  object: ObjectContext,
  lastListedMs: EpochMs,
): Point {
  const fields = { State: DELETED, LastListedTime: formatTime(lastListedMs) }
  const known = { FunctionName: name, ...tags, RevisionId: revisionId }
  return {
    category: 'custom_object',
    measurement: OBJECT_CLASS,
    timeMs: object.timeMs,
    tags: objectTags(known, object),
    fields: { ...fields, message: JSON.stringify({ ...known, ...fields }) },
  }
}
