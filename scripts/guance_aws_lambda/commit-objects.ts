import type { Json, Point, RunContext } from 'guance-aws-lambda/dff'
import {
  accountState,
  type AwsAccount,
  type AwsRegion,
  type Inventory,
  type InventoryEntry,
  readText,
} from 'guance-aws-lambda/sets/guance_integration'
import { findDeleted, makeDeletedObject } from './deleted-object.ts'
import { makeFunctionObject, makeInventoryEntry, type ObjectContext } from './function-object.ts'
import { startChoosing, startFinishing } from './choosing.ts'
import { loadDetails } from './detail-book.ts'
import { resourceTagsOf } from './detail-fields.ts'
import type { Seen } from './fact-book.ts'
import type { FunctionChoice } from './function-choice.ts'
import { factsOf } from './function-facts.ts'
import { type LambdaFunction, listFunctions } from './list-functions.ts'
import type { ListingRoom } from './listing-room.ts'
import { ListingTags } from './listing-tags.ts'
import type { Mappings } from './list-mappings.ts'
import type { ObjectNaming } from './object-name.ts'

/** Ten pages; an object with its message is 2 to 3 KB. */
const OBJECTS_PER_COMMIT = 500

/** What all regions of an account share in a run. */
export interface ObjectsRun {
  readonly context: RunContext
  readonly account: AwsAccount
  readonly cloudProvider: string
  readonly naming: ObjectNaming
  /** Keys of AWS resource tags that become tags of objects. */
  readonly resourceTags: readonly string[]
  /** Whether each function is asked about by itself. */
  readonly hasDetails: boolean
  /** Whether what happens to functions is told as events. */
  readonly hasEvents: boolean
  readonly choice: FunctionChoice
  /** Of the Startup script: called with each object before it goes out. */
  readonly afterCollect?: (point: Point) => Point
}

/** A complete listing of a region. */
export interface Listed {
  readonly entries: readonly InventoryEntry[]
  readonly pages: number
  /** For events; empty where none are wanted. */
  readonly seen: ReadonlyMap<string, Seen>
  /** The chosen resource tags of a function. */
  readonly tagsOf: (name: string) => Readonly<Record<string, string>>
  /** What was read of tags, to be committed with the inventory; forgets who is not listed. */
  readonly takeTagState: () => Readonly<Record<string, Json>>
}

export function objectContext(run: ObjectsRun, region: AwsRegion): ObjectContext {
  return {
    partition: run.account.partition,
    accountId: run.account.accountId,
    region: region.region,
    naming: run.naming,
    cloudProvider: run.cloudProvider,
    extraTags: run.account.account.extra_tags ?? {},
    timeMs: run.context.triggerTimeMs,
  }
}

function seenOf(lambda: LambdaFunction, isChosen: boolean): Seen {
  return {
    revisionId: readText(lambda.RevisionId) ?? null,
    lastModified: readText(lambda.LastModified) ?? null,
    facts: factsOf(lambda),
    ...(isChosen ? {} : { isExcluded: true as const }),
  }
}

/**
 * Every function of a region, once each. A function created while the pages are read moves others to the next page; one
 * deleted may move others to a page that was read. So who was listed before and is missing is looked for once more.
 */
async function* listOnce(region: AwsRegion, before: readonly InventoryEntry[]) {
  const listed = new Set<string>()
  const isNew = ({ FunctionName = '' }: LambdaFunction): boolean => {
    if (listed.has(FunctionName)) return false
    listed.add(FunctionName)
    return true
  }
  let pages = 0
  for await (const page of listFunctions(region)) {
    pages += 1
    yield { functions: page.filter(isNew), pages }
  }
  if (pages < 2 || before.every(({ name }) => listed.has(name))) return
  for await (const page of listFunctions(region)) yield { functions: page.filter(isNew), pages }
}

/** Commits objects as they are listed: each is true by itself, and memory stays bounded. The inventory waits for the last page. */
export async function commitObjects(
  run: ObjectsRun,
  region: AwsRegion,
  {
    mappings,
    before,
    room,
  }: {
    readonly mappings: Mappings['byFunction']
    readonly before: Inventory | undefined
    readonly room: ListingRoom
  },
): Promise<Listed> {
  const { context, account, resourceTags } = run
  const object = objectContext(run, region)
  const book = await loadDetails(context, region)
  const tags = new ListingTags(run, region, book)
  const choosing = startChoosing(run, region, tags)
  const finishing = startFinishing(run, region)
  const entries: InventoryEntry[] = []
  const seen = new Map<string, Seen>()
  let pages = 0
  let waiting: Point[] = []
  const flush = async (): Promise<void> => {
    if (waiting.length > 0) await context.commit({ points: waiting, state: accountState(account) })
    waiting = []
  }
  for await (const listed of listOnce(region, before?.entries ?? [])) {
    pages = listed.pages
    await room.turnPage(pages)
    await tags.prepare(listed.functions.map(({ FunctionName = '' }) => FunctionName))
    for (const lambda of listed.functions) {
      const name = lambda.FunctionName ?? ''
      const known = { detail: tags.detailOf(name), mappings: mappings.get(name), resourceTags }
      const entry = makeInventoryEntry(lambda, object, known)
      const isChosen = choosing.isChosen(lambda)
      entries.push(isChosen ? entry : { ...entry, isExcluded: true })
      if (run.hasEvents) seen.set(name, seenOf(lambda, isChosen))
      if (isChosen) waiting.push(finishing.finish(makeFunctionObject(lambda, object, known)))
    }
    if (waiting.length >= OBJECTS_PER_COMMIT) await flush()
  }
  await flush()
  choosing.report()
  finishing.report()
  return {
    entries,
    pages,
    seen,
    tagsOf: (name) => {
      // Who is deleted has the tags that were read last.
      const detail = seen.has(name) ? tags.detailOf(name) : book.get(name)
      return resourceTagsOf({ detail, resourceTags }, object.extraTags)
    },
    takeTagState: () => tags.takeState(entries),
  }
}

/**
 * Commits the inventory with the last objects of what is listed no more. Those of a mass deletion go in several slices,
 * the state with the last one: after a kill in between they are written again.
 */
export async function commitInventory(
  run: ObjectsRun,
  region: AwsRegion,
  change: {
    readonly entries: readonly InventoryEntry[]
    readonly before: Inventory | undefined
    readonly state: Readonly<Record<string, Json>>
  },
): Promise<void> {
  const { entries, before, state } = change
  const object = objectContext(run, region)
  const finishing = startFinishing(run, region)
  const points = findDeleted(entries, before?.entries ?? [])
    .filter(({ isExcluded }) => isExcluded !== true)
    .map((entry) => finishing.finish(makeDeletedObject(entry, object, before?.listedAtMs ?? object.timeMs)))
  finishing.report()
  const account = accountState(run.account)
  let start = 0
  for (; points.length - start > OBJECTS_PER_COMMIT; start += OBJECTS_PER_COMMIT) {
    const slice = points.slice(start, start + OBJECTS_PER_COMMIT)
    // One after the other: the last one makes the others count.
    await run.context.commit({ points: slice, state: account })
  }
  await run.context.commit({ points: points.slice(start), state: { ...state, ...account } })
}
