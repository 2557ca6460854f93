import type { Inventory } from 'guance-aws-lambda/sets/guance_integration'
import type { TagsOf } from './points.ts'
import { dimensionSetOf, type Series } from './series.ts'

/** Dimension of event source mapping metrics; its function is known from the listing alone. */
const MAPPING_DIMENSION = 'EventSourceMappingUUID'

interface TagSources {
  readonly accountId: string
  readonly region: string
  readonly cloudProvider: string
  readonly extraTags: Readonly<Record<string, string>>
  readonly nameDimension: string | undefined
  readonly inventory: Inventory | undefined
  /** Tags of the linked object to take over. */
  readonly objectTags: readonly string[]
}

function nameOf(series: Series, { nameDimension, inventory }: TagSources): string | undefined {
  const value = (wanted: string) => series.dimensions.find(({ name }) => name === wanted)?.value
  const named = nameDimension === undefined ? undefined : value(nameDimension)
  if (named !== undefined) return named
  const mapping = value(MAPPING_DIMENSION)
  return mapping === undefined ? undefined : inventory?.aliases[mapping]
}

function ownTags(series: Series, sources: TagSources): Record<string, string> {
  const name = nameOf(series, sources)
  const dimensionSet = dimensionSetOf(series)
  return {
    ...(name === undefined ? {} : { name }),
    ...(dimensionSet === '' ? {} : { Dimensions: dimensionSet }),
    RegionId: sources.region,
    cloud_provider: sources.cloudProvider,
    account_id: sources.accountId,
    ...Object.fromEntries(series.dimensions.map((dimension) => [dimension.name, dimension.value])),
  }
}

/** Makes the tags of a series: its own, then the account's extra tags, then the linked object's; none overwrites an earlier one. */
export function makeTags(sources: TagSources): TagsOf {
  const { inventory, objectTags, extraTags } = sources
  const linked = new Map(
    inventory?.entries.map(({ name, tags }) => [
      name,
      Object.fromEntries(objectTags.flatMap((key) => (tags[key] === undefined ? [] : [[key, tags[key]]]))),
    ]),
  )
  return (series) => {
    const own = ownTags(series, sources)
    const object = own['name'] === undefined ? undefined : linked.get(own['name'])
    return Object.fromEntries(
      Object.entries({ ...object, ...extraTags, ...own }).filter(([, value]) => value !== ''),
    )
  }
}
