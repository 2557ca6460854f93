import { DAY_MS, type EpochMs, type Json } from 'guance-aws-lambda/dff'
import {
  AwsFailure,
  type AwsRegion,
  type Inventory,
  type InventoryEntry,
  isAbsent,
  loadInventory,
  loadLastListing,
  mapConcurrently,
  type RegionResult,
} from 'guance-aws-lambda/sets/guance_integration'
import { makeAccountObject, readAccountSettings } from './account-object.ts'
import type { ObjectsRun } from './commit-objects.ts'
import { type DetailBook, loadDetails } from './detail-book.ts'
import { allowedCalls, dueFunctions } from './detail-due.ts'
import { hasReadingTime, readUntil } from './detail-time.ts'
import { DETAIL_READERS, type DetailReader } from './detail-reader.ts'
import { inventoryKeyOf } from './inventory-key.ts'
import { ListingRoom } from './listing-room.ts'
import { readTags } from './read-tags.ts'

/** A kill loses what these have cost: some 15 seconds. */
const FUNCTIONS_PER_COMMIT = 10

/** What AWS refuses once, for want of a permission or because the region does not have it, is asked again after this. */
const REFUSED_FOR_MS = DAY_MS

/** One region of one run. */
interface Details {
  readonly run: ObjectsRun
  readonly region: AwsRegion
  readonly inventory: Inventory
  readonly book: DetailBook
  /** Functions to be read; those that were go. */
  readonly due: InventoryEntry[]
  /** Calls to Lambda that are left to this run. */
  left: number
}

function listedNames({ inventory }: Details): ReadonlySet<string> {
  return new Set(inventory.entries.map(({ name }) => name))
}

function isRefused({ book }: Details, action: string, nowMs: EpochMs): boolean {
  const sinceMs = book.header.refused?.[action]
  return sinceMs !== undefined && nowMs >= sinceMs && nowMs - sinceMs < REFUSED_FOR_MS
}

/** Notes what is worth no further call today; throws what may be well at the next run, and what is no answer of AWS. */
function noteRefusal(
  details: Details,
  error: unknown,
  { action, gives }: Pick<DetailReader, 'action' | 'gives'>,
): void {
  const { run, region, book } = details
  const isLasting = error instanceof AwsFailure && (error.kind === 'forbidden' || error.kind === 'invalid')
  if (!isLasting) throw error
  if (isRefused(details, action, run.context.triggerTimeMs)) return
  book.changeHeader({ refused: { ...book.header.refused, [action]: run.context.triggerTimeMs } })
  run.context.log(`${region.scope}: no ${gives} until tomorrow: ${error.message}`)
}

interface Asked {
  readonly entry: InventoryEntry
  readonly readers: readonly DetailReader[]
}

async function readFunction(details: Details, { entry, readers }: Asked): Promise<void> {
  const { run, region, book } = details
  const client = await region.lambda()
  const facts: Record<string, Json> = {}
  for (const reader of readers) {
    // Refused meanwhile, for a function that is read at the same time.
    if (isRefused(details, reader.action, run.context.triggerTimeMs)) continue
    try {
      // One after the other: several functions are read at once, and the region's limit is shared with all else.
      facts[reader.fact] = await region.call(reader.action, async (signal) =>
        reader.read(client, entry.name, signal),
      )
    } catch (error) {
      // Deleted since it was listed: the next listing says so.
      if (isAbsent(error)) return
      noteRefusal(details, error, reader)
    }
  }
  const { revisionId } = entry
  book.change(entry.name, {
    facts,
    readMs: run.context.triggerTimeMs,
    ...(revisionId === undefined ? {} : { revisionId }),
  })
}

/** The next functions that the calls left allow, each with what is asked about it. */
function takeBatch(details: Details, hasReserved: boolean): Asked[] {
  const { due } = details
  const nowMs = details.run.context.triggerTimeMs
  const batch: Asked[] = []
  while (batch.length < FUNCTIONS_PER_COMMIT) {
    const [entry] = due
    if (entry === undefined) break
    const readers = DETAIL_READERS.filter(
      ({ action, isNeeded }) =>
        !isRefused(details, action, nowMs) && isNeeded?.(entry, { hasReserved }) !== false,
    )
    if (readers.length > details.left) break
    details.left -= readers.length
    batch.push({ entry, readers })
    due.shift()
  }
  return batch
}

async function commitDetails(details: Details): Promise<void> {
  const { run, book } = details
  await run.context.commit({ points: [], state: book.takeState(listedNames(details)) })
}

async function readFunctions(details: Details, hasReserved: boolean): Promise<void> {
  const { due, run } = details
  const { context } = run
  const total = due.length
  const endMs = readUntil(total)
  for (let batch = takeBatch(details, hasReserved); batch.length > 0;) {
    // Batch after batch: what is committed is not asked for again after a kill.
    await mapConcurrently(batch, context.concurrency, async (asked) => readFunction(details, asked))
    await commitDetails(details)
    const hasTime = performance.now() < endMs && hasReadingTime(context)
    batch = hasTime ? takeBatch(details, hasReserved) : []
  }
  if (total > 0) {
    const read = total - due.length
    context.log(
      `${details.region.scope}: details of ${read} functions read, ${due.length} wait for later runs`,
    )
  }
}

/** Whether a function may have concurrency reserved; its object goes out with the answer. */
async function readAccount(details: Details): Promise<boolean> {
  const { run, region } = details
  const { context } = run
  const reader = { action: 'lambda:GetAccountSettings', gives: 'object of the account' }
  if (isRefused(details, reader.action, context.triggerTimeMs)) return true
  try {
    details.left -= 1
    const settings = await readAccountSettings(region)
    await context.commit({ points: [makeAccountObject(settings, run, region)], state: {} })
    return settings.hasReserved
  } catch (error) {
    noteRefusal(details, error, reader)
    return true
  }
}

async function readRegion(details: Details): Promise<void> {
  const reader = { action: 'tag:GetResources', gives: 'resource tags on objects' }
  const nowMs = details.run.context.triggerTimeMs
  const hasReserved = await readAccount(details)
  if (!isRefused(details, reader.action, nowMs)) {
    await readTags(details).catch((error: unknown) => noteRefusal(details, error, reader))
  }
  if (details.run.hasDetails) await readFunctions(details, hasReserved)
  await commitDetails(details)
}

async function collectWithin(run: ObjectsRun, region: AwsRegion): Promise<RegionResult> {
  const { context } = run
  const { scope } = region
  const inventory = await loadInventory(context, inventoryKeyOf(region))
  const result = { kind: 'collected', scope, points: 0 } as const
  // What is not asked for now is not counted as asked: later runs may make the calls.
  if (inventory === undefined || !hasReadingTime(context)) return result
  const book = await loadDetails(context, region)
  const due = run.hasDetails ? [...dueFunctions(inventory, book, context.triggerTimeMs)] : []
  const left = allowedCalls(book.header.lastMs, context.triggerTimeMs, due.length)
  const details: Details = { run, region, inventory, book, due, left }
  book.changeHeader({ lastMs: context.triggerTimeMs })
  try {
    if (left > 0) await readRegion(details)
    else await commitDetails(details)
  } catch (error) {
    if (!(error instanceof AwsFailure)) throw error
    await commitDetails(details)
    context.log(`${scope}: details of functions are read on at the next run: ${error.message}`)
  }
  return result
}

/**
 * Reads what AWS tells of each function only one by one, as far as this run's share of calls goes, and the region's tags.
 * It comes after everything else of a run; what fails is a line of the log and goes on at the next one.
 */
export async function collectDetails(run: ObjectsRun, region: AwsRegion): Promise<RegionResult> {
  const { pages = 0 } = (await loadLastListing(run.context, inventoryKeyOf(region))) ?? {}
  // No facts and no second inventory: half of what a listing holds.
  return ListingRoom.within(run.context, pages / 2, async () => collectWithin(run, region))
}
