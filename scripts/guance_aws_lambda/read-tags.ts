import type { ResourceTagMapping } from '@aws-sdk/client-resource-groups-tagging-api'
import { type EpochMs, HOUR_MS } from 'guance-aws-lambda/dff'
import {
  AwsFailure,
  type AwsRegion,
  type Inventory,
  type InventoryEntry,
  readList,
  readText,
  readToken,
} from 'guance-aws-lambda/sets/guance_integration'
import type { ObjectsRun } from './commit-objects.ts'
import type { DetailBook } from './detail-book.ts'
import type { ResourceTags } from './function-choice.ts'

/** Tags change without a new revision. 10,000 functions take a hundred calls of an API that is not Lambda's. */
const READ_EVERY_MS = HOUR_MS

/** Whether the tags of a region were not read for so long that they are to be read again. */
export function areTagsOld({ header: { tagsMs } }: Pick<DetailBook, 'header'>, nowMs: EpochMs): boolean {
  return tagsMs === undefined || tagsMs > nowMs || nowMs - tagsMs >= READ_EVERY_MS
}

/** As many as AWS gives (aws.md §3.3). */
const RESOURCES_PER_PAGE = 100

/** 100 a page: a million functions. */
const MAX_PAGES = 10_000

const ACTION = 'tag:GetResources'

interface TagsRun {
  readonly run: ObjectsRun
  readonly region: AwsRegion
  readonly inventory: Inventory
  readonly book: DetailBook
}

function tagsOf({ Tags }: ResourceTagMapping): ResourceTags {
  const list: readonly unknown[] = Array.isArray(Tags) ? Tags : []
  return Object.fromEntries(
    list.flatMap((tag) => {
      const { Key, Value } = (tag ?? {}) as { readonly Key?: unknown; readonly Value?: unknown }
      const key = readText(Key)
      return key === undefined ? [] : [[key, typeof Value === 'string' ? Value : '']]
    }),
  )
}

/** `arn:aws:lambda:us-east-1:123456789012:function:name` → `name`; tags are the function's, never a version's. */
function functionNameOf(arn: unknown): string | undefined {
  return readText(arn)?.split(':')[6]
}

/** Tags of every function of a region that has some, by name. Throws AwsFailure. */
export async function fetchTags(region: AwsRegion): Promise<ReadonlyMap<string, ResourceTags>> {
  const { GetResourcesCommand } = await import('@aws-sdk/client-resource-groups-tagging-api')
  const client = await region.tagging()
  const found = new Map<string, ResourceTags>()
  let token: string | undefined
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const command = new GetResourcesCommand({
      ResourceTypeFilters: ['lambda:function'],
      ResourcesPerPage: RESOURCES_PER_PAGE,
      ...(token === undefined ? {} : { PaginationToken: token }),
    })
    const given = token
    // One page after the other: each one names the next.
    const reply = await region.call(ACTION, async (abortSignal) => {
      const { ResourceTagMappingList, PaginationToken } = await client.send(command, { abortSignal })
      const list = readList<ResourceTagMapping>(ResourceTagMappingList, 'tags', ['ResourceARN'])
      return { list, token: readToken(PaginationToken, given) }
    })
    for (const mapping of reply.list) {
      const name = functionNameOf(mapping.ResourceARN)
      if (name !== undefined) found.set(name, tagsOf(mapping))
    }
    token = reply.token
    if (token === undefined) return found
  }
  throw new AwsFailure('transient', ACTION, new Error(`no last page among ${MAX_PAGES}`))
}

function isSame(left: ResourceTags | undefined, right: ResourceTags): boolean {
  if (left === undefined) return false
  const keys = Object.keys(right)
  return keys.length === Object.keys(left).length && keys.every((key) => left[key] === right[key])
}

/** Brings the tags in the book up to what was found of all functions. */
export function keepTags(
  book: DetailBook,
  {
    entries,
    found,
    nowMs,
  }: {
    readonly entries: readonly InventoryEntry[]
    readonly found: ReadonlyMap<string, ResourceTags>
    readonly nowMs: EpochMs
  },
): void {
  for (const { name } of entries) {
    // Not among them: it has no tags, and never had.
    const tags = found.get(name) ?? {}
    if (!isSame(book.get(name)?.tags, tags)) book.change(name, { tags })
  }
  book.changeHeader({ tagsMs: nowMs })
}

/**
 * Reads tags into the book every hour, and when a function is there whose tags were never read. Only after the last page,
 * because until then a function's may be still to come. Throws AwsFailure.
 */
export async function readTags({ run, region, inventory, book }: TagsRun): Promise<void> {
  const { entries } = inventory
  const nowMs = run.context.triggerTimeMs
  const isNew = entries.some(({ name }) => book.get(name)?.tags === undefined)
  if (isNew || areTagsOld(book, nowMs)) keepTags(book, { entries, found: await fetchTags(region), nowMs })
}
