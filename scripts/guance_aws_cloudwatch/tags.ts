import type { CloudwatchConfigs, EpochMs } from 'guance-aws-lambda/dff'
import { type Inventory, linkedTag, TAKEN } from 'guance-aws-lambda/sets/guance_integration'
import type { Entry, Tags } from './ledger.ts'
import { dimensionSetOf, type Series } from './series.ts'
import type { AdmittedValues } from './tag-values.ts'

/** Dimension of event source mapping metrics; its function is known from the listing alone. */
const MAPPING_DIMENSION = 'EventSourceMappingUUID'

/** Of the linked function, unless object_tags says otherwise: the one tag that groups functions and hardly ever changes. */
const DEFAULT_OBJECT_TAGS: readonly string[] = ['Runtime']

/** Tags of the linked object that metrics take over. */
export function objectTagsOf({
  object_tags: asked,
}: Pick<CloudwatchConfigs, 'object_tags'>): readonly string[] {
  return asked ?? DEFAULT_OBJECT_TAGS
}

interface TagSources {
  readonly accountId: string
  readonly region: string
  readonly cloudProvider: string
  readonly extraTags: Readonly<Record<string, string>>
  readonly nameDimension: string | undefined
  readonly inventory: Inventory | undefined
  /** Tags of the linked object to take over. */
  readonly objectTags: readonly string[]
  /** Values that they may have; any where it is left out, as in plans. */
  readonly admitted?: AdmittedValues | undefined
  /** Where a line holds a part of its function's metrics, and would take the place of the line with the rest. */
  readonly tier?: string
}

/** Tags of an identity's lines. */
export interface LineTags {
  /** Follow from the dimensions: never change. */
  readonly own: Tags
  /** Of parameters and the linked object: a later change would make another series of the same line. */
  readonly changing: Tags
}

/** Tags of a series' lines; pure, and the same for every minute of a run. */
export type TagsOf = (series: Series) => LineTags

function valueOf(series: Series, wanted: string | undefined): string | undefined {
  return series.dimensions.find(({ name }) => name === wanted)?.value
}

function ownTags(series: Series, sources: TagSources): Record<string, string> {
  const name = valueOf(series, sources.nameDimension)
  const dimensionSet = dimensionSetOf(series)
  return {
    ...(name === undefined ? {} : { name }),
    ...(dimensionSet === '' ? {} : { Dimensions: dimensionSet }),
    RegionId: sources.region,
    account_id: sources.accountId,
    ...(sources.tier === undefined ? {} : { tier: sources.tier }),
    ...Object.fromEntries(series.dimensions.map((dimension) => [dimension.name, dimension.value])),
  }
}

function withoutEmpty(tags: Tags): Tags {
  return Object.fromEntries(Object.entries(tags).filter(([, value]) => value !== ''))
}

/** What metrics take over of an object: the tags that are asked for, as far as their values are admitted. */
function linkedTags(tags: Tags, { objectTags, admitted }: TagSources): Tags {
  return Object.fromEntries(
    objectTags.flatMap((asked) => {
      const linked = linkedTag(tags, asked)
      if (linked === undefined || admitted?.get(asked)?.has(linked.value) === false) return []
      return [[linked.key, linked.value]]
    }),
  )
}

/** What of the linked object's tags and the others a point does not have of its own; an object's stays under another key. */
function beside(own: Tags, linked: Tags, others: Tags): Tags {
  const isOwn = (key: string): boolean => Object.hasOwn(own, key)
  const tags: Record<string, string> = {}
  for (const [key, value] of Object.entries(linked)) tags[isOwn(key) ? `${TAKEN}${key}` : key] = value
  for (const [key, value] of Object.entries(others)) if (!isOwn(key)) tags[key] = value
  return tags
}

/** Makes the tags of a series: its own, then the account's extra tags, then the linked object's; none overwrites an earlier one. */
export function makeTags(sources: TagSources): TagsOf {
  const { inventory, extraTags } = sources
  // What is gone keeps its tags: without them its last minutes would be another series.
  const objects = inventory === undefined ? [] : [...(inventory.gone ?? []), ...inventory.entries]
  const linked = new Map(objects.map(({ name, tags }) => [name, linkedTags(tags, sources)]))
  return (series) => {
    const own = ownTags(series, sources)
    const mapping = valueOf(series, MAPPING_DIMENSION)
    const name = own['name'] ?? (mapping === undefined ? undefined : inventory?.aliases[mapping])
    const named = name === undefined ? {} : { name }
    const others = { ...extraTags, cloud_provider: sources.cloudProvider, ...named }
    const object = name === undefined ? undefined : linked.get(name)
    return { own: withoutEmpty(own), changing: withoutEmpty(beside(own, object ?? {}, others)) }
  }
}

/** The changeable tags with which a minute was, or would have been, first written. */
export function tagsAt({ past, tags }: Pick<Entry, 'past' | 'tags'>, timeMs: EpochMs): Tags {
  return past.find(({ untilMs }) => timeMs < untilMs)?.tags ?? tags
}

/** Whether two sets of tags make the same series. */
export function isSameTags(left: Tags, right: Tags): boolean {
  const keys = Object.keys(left)
  return keys.length === Object.keys(right).length && keys.every((key) => left[key] === right[key])
}

/** Takes over new tags for minutes from `fromMs` on; what was written before keeps the old ones as long as it may be written again. */
export function changeTags(
  entry: Entry,
  tags: Tags,
  { fromMs, keepMs }: { fromMs: EpochMs; keepMs: EpochMs },
): Entry {
  const past = entry.past.filter(({ untilMs }) => untilMs > keepMs)
  if (isSameTags(entry.tags, tags)) return past.length === entry.past.length ? entry : { ...entry, past }
  const untilMs = Math.max(fromMs, past.at(-1)?.untilMs ?? fromMs)
  return { ...entry, tags, past: [...past, { untilMs, tags: entry.tags }] }
}
