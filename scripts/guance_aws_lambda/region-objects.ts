import { formatTime, type Point, type RunContext } from 'guance-aws-lambda/dff'
import {
  accountState,
  type AwsAccount,
  AwsFailure,
  type AwsRegion,
  type Inventory,
  type InventoryEntry,
  inventoryState,
  keepLives,
  keepTimeouts,
  loadInventory,
  type RegionResult,
  reportProblem,
} from 'guance-aws-lambda/sets/guance_integration'
import {
  makeFunctionObject,
  makeInventoryEntry,
  OBJECT_CLASS,
  type ObjectContext,
} from './function-object.ts'
import { listFunctions } from './list-functions.ts'
import { listMappings } from './list-mappings.ts'
import { isListingDue } from './listing-due.ts'
import { keepVersions, sweepVersions } from './version-sweep.ts'

/** Ten pages; an object with its message is 2 to 3 KB. */
const OBJECTS_PER_COMMIT = 500

export interface ObjectsRun {
  readonly context: RunContext
  readonly account: AwsAccount
  readonly cloudProvider: string
}

function inventoryKey({ accountId, region }: AwsRegion) {
  return { objectClass: OBJECT_CLASS, accountId, region }
}

/**
 * Function by event source mapping. Needed for one kind of opt-in metrics alone, so that a refusal is a line of the log
 * and not a problem at every run. Then those listed before stay: without their `name` the metrics would be other series.
 */
async function listAliases({ context }: ObjectsRun, region: AwsRegion): Promise<Inventory['aliases']> {
  try {
    return await listMappings(region)
  } catch (error) {
    if (!(error instanceof AwsFailure)) throw error
    const aliases = (await loadInventory(context, inventoryKey(region)))?.aliases ?? {}
    context.log(
      `${region.scope}: event source mappings cannot be listed, ${Object.keys(aliases).length} stay known: ${error.message}`,
    )
    return aliases
  }
}

/** Commits objects as they are listed: each is true by itself, and memory stays bounded. The inventory waits for the last page. */
async function commitObjects(
  run: ObjectsRun,
  region: AwsRegion,
): Promise<{ readonly entries: readonly InventoryEntry[]; readonly pages: number }> {
  const { context, account, cloudProvider } = run
  const object: ObjectContext = {
    accountId: account.accountId,
    region: region.region,
    cloudProvider,
    extraTags: account.account.extra_tags ?? {},
    timeMs: context.triggerTimeMs,
  }
  const entries = new Map<string, InventoryEntry>()
  let pages = 0
  let waiting: Point[] = []
  const flush = async (): Promise<void> => {
    if (waiting.length > 0) await context.commit({ points: waiting, state: accountState(account) })
    waiting = []
  }
  for await (const page of listFunctions(region)) {
    pages += 1
    for (const lambda of page) {
      const entry = makeInventoryEntry(lambda)
      // A function created while the pages are read moves others to the next page.
      if (!entries.has(entry.name)) waiting.push(makeFunctionObject(lambda, object))
      entries.set(entry.name, entry)
    }
    if (waiting.length >= OBJECTS_PER_COMMIT) await flush()
  }
  await flush()
  return { entries: [...entries.values()], pages }
}

async function keepInventory({ context }: ObjectsRun, region: AwsRegion): Promise<void> {
  const known = await loadInventory(context, inventoryKey(region))
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

/** The inventory after this run; the objects are committed while they are listed. */
async function renewInventory(
  run: ObjectsRun,
  region: AwsRegion,
  before: Inventory | undefined,
): Promise<Inventory> {
  const { triggerTimeMs } = run.context
  const { entries, pages } = await commitObjects(run, region)
  const aliases = await listAliases(run, region)
  const kept = keepVersions(entries, before)
  const inventory = { listedAtMs: triggerTimeMs, pages, entries: kept, aliases, sweep: before?.sweep ?? {} }
  const swept = await trySweep(run, region, inventory)
  const timed = keepTimeouts(swept.entries, before?.entries ?? [], triggerTimeMs)
  return { ...swept, ...keepLives(timed, before, triggerTimeMs) }
}

/** Objects of one region. When AWS refuses the listing, metrics go on without it: the result is `degraded`, the record names the action. */
export async function collectObjects(run: ObjectsRun, region: AwsRegion): Promise<RegionResult> {
  const { context } = run
  const { scope } = region
  const key = inventoryKey(region)
  const before = await loadInventory(context, key)
  try {
    if (before !== undefined && !isListingDue(before, context.triggerTimeMs)) {
      const swept = await trySweep(run, region, before)
      if (swept !== before)
        await context.commit({ points: [], state: await inventoryState(context, key, swept) })
      context.log(`${scope}: ${before.entries.length} functions, as listed ${formatTime(before.listedAtMs)}`)
      return { kind: 'collected', scope, points: 0 }
    }
    const inventory = await renewInventory(run, region, before)
    const state = await inventoryState(context, key, inventory)
    await context.commit({ points: [], state: { ...state, ...accountState(run.account) } })
    context.log(`${scope}: ${inventory.entries.length} functions`)
    return { kind: 'collected', scope, points: inventory.entries.length }
  } catch (error) {
    if (!(error instanceof AwsFailure)) throw error
    await keepInventory(run, region)
    if (error.kind !== 'forbidden') throw error
    reportProblem(context, error, scope)
    return { kind: 'degraded', scope, points: 0 }
  }
}
