import { formatTime, type Json, type RunContext } from 'guance-aws-lambda/dff'
import {
  AwsFailure,
  type AwsRegion,
  type Inventory,
  type InventoryEntry,
  inventoryState,
  keepLives,
  keepTimeouts,
  loadInventory,
  loadLastListing,
  type RegionResult,
  reportProblem,
} from 'guance-aws-lambda/sets/guance_integration'
import { commitChanges } from './commit-changes.ts'
import { commitInventory, commitObjects, objectContext, type ObjectsRun } from './commit-objects.ts'
import { inventoryKeyOf } from './inventory-key.ts'
import { listMappings, type Mappings } from './list-mappings.ts'
import { isListingDue, mayPostpone } from './listing-due.ts'
import { ListingRoom } from './listing-room.ts'
import { noteNames } from './object-name.ts'
import { keepVersions, sweepVersions } from './version-sweep.ts'

/**
 * Event source mappings. Objects only show them, and they are needed for one kind of opt-in metrics alone, so that a
 * refusal is a line of the log and not a problem at every run. Then those listed before stay: without their `name` the metrics would be other series.
 */
async function tryMappings({ context }: ObjectsRun, region: AwsRegion): Promise<Mappings> {
  try {
    return await listMappings(region)
  } catch (error) {
    // Where the region is not enabled, the functions would be asked for in vain as well, and slowly: each attempt waits its turn.
    if (!(error instanceof AwsFailure) || error.kind === 'region-not-enabled') throw error
    const aliases = (await loadInventory(context, inventoryKeyOf(region)))?.aliases ?? {}
    context.log(
      `${region.scope}: event source mappings cannot be listed, ${Object.keys(aliases).length} stay known: ${error.message}`,
    )
    return { aliases, byFunction: new Map() }
  }
}

async function keepInventory({ context }: ObjectsRun, region: AwsRegion): Promise<void> {
  const known = await loadInventory(context, inventoryKeyOf(region))
  if (known === undefined) {
    context.log(`${region.scope}: no earlier listing of functions; metrics go without their Runtime`)
    return
  }
  const minutes = Math.round((context.triggerTimeMs - known.listedAtMs) / 60_000)
  context.log(`${region.scope}: keeps the ${known.entries.length} functions listed ${minutes} minutes ago`)
}

/** A sweep that fails goes on where it was at the next run: timeouts are worth no failed region. */
async function trySweep(
  { context }: ObjectsRun,
  region: AwsRegion,
  inventory: Inventory,
): Promise<Inventory> {
  try {
    return { ...inventory, ...(await sweepVersions(region, inventory, context.triggerTimeMs)) }
  } catch (error) {
    if (!(error instanceof AwsFailure)) throw error
    context.log(`${region.scope}: versions of functions are read on at the next run: ${error.message}`)
    // A marker may be what AWS does not take: the sweep begins anew.
    const { marker: _, ...sweep } = inventory.sweep
    return error.kind === 'transient' || error.kind === 'throttled' ? inventory : { ...inventory, sweep }
  }
}

/** The inventory after this run, and what else is to be committed with it; the objects are committed while they are listed, events of what changed after the last page. */
async function renewInventory(
  run: ObjectsRun,
  region: AwsRegion,
  { before, room }: { readonly before: Inventory | undefined; readonly room: ListingRoom },
): Promise<{ readonly inventory: Inventory; readonly tagState: Readonly<Record<string, Json>> }> {
  const { triggerTimeMs } = run.context
  const { aliases, byFunction } = await tryMappings(run, region)
  const { entries, pages, takeTagState, ...listed } = await commitObjects(run, region, {
    mappings: byFunction,
    before,
    room,
  })
  if (run.hasEvents) {
    const beforeMs = before?.listedAtMs ?? triggerTimeMs
    await commitChanges(run, region, { ...listed, beforeMs, object: objectContext(run, region) })
  }
  const kept = keepVersions(entries, before)
  const inventory = {
    listedAtMs: triggerTimeMs,
    pages,
    entries: kept,
    aliases,
    sweep: before?.sweep ?? {},
    resourceTags: run.resourceTags,
  }
  const swept = await trySweep(run, region, inventory)
  const timed = keepTimeouts(swept.entries, before?.entries ?? [], triggerTimeMs)
  const lives = keepLives(timed, before, triggerTimeMs)
  return { inventory: { ...swept, ...lives }, tagState: takeTagState() }
}

/** Entries that have objects. */
function objectsOf(inventory: Inventory | undefined): readonly InventoryEntry[] {
  return inventory?.entries.filter(({ isExcluded }) => isExcluded !== true) ?? []
}

/** What this region holds, for collisions with others: as listed now, or as known where it is not listed in this run. */
function note({ context }: ObjectsRun, { scope }: AwsRegion, inventory: Inventory | undefined): void {
  noteNames(
    context,
    scope,
    objectsOf(inventory).map(({ name }) => name),
  )
}

async function collectKnown(run: ObjectsRun, region: AwsRegion, before: Inventory): Promise<RegionResult> {
  const { context } = run
  const { scope } = region
  const swept = await trySweep(run, region, before)
  if (swept !== before) {
    await context.commit({ points: [], state: await inventoryState(context, inventoryKeyOf(region), swept) })
  }
  note(run, region, before)
  context.log(`${scope}: ${before.entries.length} functions, as listed ${formatTime(before.listedAtMs)}`)
  return { kind: 'collected', scope, points: 0 }
}

async function collectListed(run: ObjectsRun, region: AwsRegion, room: ListingRoom): Promise<RegionResult> {
  const { context } = run
  const { scope } = region
  const key = inventoryKeyOf(region)
  const before = await loadInventory(context, key)
  try {
    const { inventory, tagState } = await renewInventory(run, region, { before, room })
    const { entries } = inventory
    const left = entries.length - objectsOf(inventory).length
    const state = { ...tagState, ...(await inventoryState(context, key, inventory)) }
    await commitInventory(run, region, { entries, before, state })
    note(run, region, inventory)
    context.log(
      `${scope}: ${entries.length} functions${left === 0 ? '' : `, ${left} of them left out by choice`}`,
    )
    return { kind: 'collected', scope, points: entries.length - left }
  } catch (error) {
    if (!(error instanceof AwsFailure)) throw error
    note(run, region, before)
    await keepInventory(run, region)
    if (error.kind !== 'forbidden') throw error
    reportProblem(context, error, scope)
    return { kind: 'degraded', scope, points: 0 }
  }
}

/**
 * Whether the region is to be listed in this run. Without room it waits only when it was postponed for long: metrics wait
 * behind it, and those listed now leave room to it in the next runs.
 */
function isListedNow(context: RunContext, last: Pick<Inventory, 'listedAtMs' | 'pages'>): boolean {
  if (!isListingDue(last, context.triggerTimeMs)) return false
  return ListingRoom.isFree(context, last.pages) || !mayPostpone(last, context.triggerTimeMs)
}

/** Objects of one region. When AWS refuses the listing, metrics go on without it: the result is `degraded`, the record names the action. */
export async function collectObjects(run: ObjectsRun, region: AwsRegion): Promise<RegionResult> {
  const { context } = run
  const key = inventoryKeyOf(region)
  const last = await loadLastListing(context, key)
  if (last !== undefined && !isListedNow(context, last)) {
    const known = await loadInventory(context, key)
    if (known !== undefined) return collectKnown(run, region, known)
  }
  return ListingRoom.within(context, last?.pages, async (room) => collectListed(run, region, room))
}
