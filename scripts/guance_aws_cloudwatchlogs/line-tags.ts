import { type Inventory, linkedTag, TAKEN } from 'guance-aws-lambda/sets/guance_integration'
import type { LogGroup } from './log-group.ts'
import type { LogOptions } from './log-options.ts'

type Tags = Readonly<Record<string, string>>

interface TagSources {
  readonly region: string
  readonly extraTags: Tags
  readonly options: Pick<LogOptions, 'objectTags' | 'cloudProvider'>
  /** Of the objects collected by the same Startup script, where there are any. */
  readonly inventory: Inventory | undefined
}

/** Tags of what a function wrote, or of a group of something else: of a function the same as of its object and metrics. */
export type TagsOf = (group: LogGroup, functionName: string | undefined) => Tags

function chosen(tags: Tags, keys: readonly string[]): Tags {
  return Object.fromEntries(
    keys.flatMap((asked) => {
      const linked = linkedTag(tags, asked)
      return linked === undefined ? [] : [[linked.key, linked.value]]
    }),
  )
}

/** Its own tags first: neither the account's extra tags nor those of the object, which are renamed as on metrics, overwrite them. */
export function makeTags({ region, extraTags, options, inventory }: TagSources): TagsOf {
  const { objectTags, cloudProvider } = options
  const objects = [...(inventory?.gone ?? []), ...(inventory?.entries ?? [])]
  const linked = new Map(objects.map(({ name, tags }) => [name, chosen(tags, objectTags)]))
  return (group, functionName) => {
    const lambda = group.functions.find(({ name }) => name === functionName)
    const known = chosen(lambda?.runtime === undefined ? {} : { Runtime: lambda.runtime }, objectTags)
    const own: Tags = {
      ...(functionName === undefined ? {} : { FunctionName: functionName, name: functionName }),
      RegionId: region,
      // A group that another account shares is that account's.
      account_id: group.accountId,
      cloud_provider: cloudProvider,
    }
    const taken = { ...known, ...(functionName === undefined ? {} : linked.get(functionName)) }
    const renamed = Object.entries(taken).map(([key, value]) => [
      Object.hasOwn(own, key) ? `${TAKEN}${key}` : key,
      value,
    ])
    return { ...Object.fromEntries(renamed), ...extraTags, ...own }
  }
}
