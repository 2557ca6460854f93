import { type FieldValue, formatTime, type Json } from 'guance-aws-lambda/dff'
import type { FunctionDetail } from './detail-book.ts'
import { presentFields } from './function-fields.ts'
import type { MappingSummary } from './list-mappings.ts'

/** What is known of a function beside its listing. */
export interface Known {
  readonly detail?: FunctionDetail | undefined
  readonly mappings?: readonly MappingSummary[] | undefined
  /** Keys of AWS resource tags that become tags of the object. */
  readonly resourceTags: readonly string[]
}

/** Tags that an object has of its own: a resource tag of the same key takes another one. */
const OWN_KEYS: ReadonlySet<string> = new Set([
  'name',
  'class',
  'FunctionName',
  'RegionId',
  'account_id',
  'account_name',
  'cloud_provider',
  'PackageType',
  'RevisionId',
  'Role',
  'Runtime',
  'Version',
])

function jsonOf(fact: Json | undefined): string | undefined {
  return fact === undefined || fact === null ? undefined : JSON.stringify(fact)
}

/** Fields of what takes calls of its own; lists as JSON, in AWS's words. */
export function describeDetail({ detail, mappings = [] }: Known): Record<string, FieldValue> {
  const { facts = {}, tags = {}, readMs } = detail ?? {}
  const { reserved, recursion } = facts
  return presentFields({
    ReservedConcurrency: typeof reserved === 'number' ? reserved : undefined,
    ProvisionedConcurrency: jsonOf(facts['provisioned']),
    Aliases: jsonOf(facts['aliases']),
    FunctionUrls: jsonOf(facts['urls']),
    EventInvokeConfigs: jsonOf(facts['eventInvoke']),
    RecursiveLoop: typeof recursion === 'string' ? recursion : undefined,
    EventSourceMappings: mappings.length === 0 ? undefined : JSON.stringify(mappings),
    Tags: Object.keys(tags).length === 0 ? undefined : JSON.stringify(tags),
    DetailsTime: readMs === undefined ? undefined : formatTime(readMs),
  })
}

/** The chosen resource tags as tags of the object; one whose key the object has itself is called `tag_<key>`. */
export function resourceTagsOf({ detail, resourceTags }: Known): Record<string, string> {
  return Object.fromEntries(
    resourceTags.flatMap((key) => {
      const value = detail?.tags?.[key]
      return value === undefined || value === '' ? [] : [[OWN_KEYS.has(key) ? `tag_${key}` : key, value]]
    }),
  )
}
