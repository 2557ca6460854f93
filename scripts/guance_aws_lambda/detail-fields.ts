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

/** Tags that objects, events or metrics of a function have of their own: a resource tag of the same key takes another one. */
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
  'Dimensions',
  'Resource',
  'ExecutedVersion',
  'EventSourceMappingUUID',
  'function_name',
  'tier',
  'change',
  'df_source',
  'df_status',
  'df_sub_status',
  'df_event_id',
  'source',
  'date',
  'host',
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

/** The key under which points have a resource tag; one that is taken, by our own or by `extra_tags`, is called `tag_<key>`. */
function keyOnPoints(key: string, extraTags: Readonly<Record<string, string>>): string {
  return OWN_KEYS.has(key) || Object.hasOwn(extraTags, key) ? `tag_${key}` : key
}

/** The chosen resource tags as tags of points: objects, events, and metrics by way of the inventory. */
export function resourceTagsOf(
  { detail, resourceTags }: Known,
  extraTags: Readonly<Record<string, string>>,
): Record<string, string> {
  const tags = detail?.tags ?? {}
  return Object.fromEntries(
    resourceTags.flatMap((key) => {
      const value = Object.hasOwn(tags, key) ? tags[key] : undefined
      return value === undefined || value === '' ? [] : [[keyOnPoints(key, extraTags), value]]
    }),
  )
}
