import type { FunctionConfiguration } from '@aws-sdk/client-lambda'
import type { Point, RunContext } from 'guance-aws-lambda/dff'
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

/** Ten pages; an object with its message is 2 to 3 KB. */
const OBJECTS_PER_COMMIT = 500

/** The version that is edited; every function has it. */
const LATEST = '$LATEST'

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

function isLatest({ Version = LATEST }: FunctionConfiguration): boolean {
  return Version === LATEST
}

/** Joins a version to its function: tags of the one that is edited, the largest timeout and the earliest time of all. */
function addVersion(entries: Map<string, InventoryEntry>, lambda: FunctionConfiguration): void {
  const entry = makeInventoryEntry(lambda)
  const known = entries.get(entry.name)
  const timeoutSec = Math.max(entry.timeoutSec ?? 0, known?.timeoutSec ?? 0)
  const tags = known === undefined || isLatest(lambda) ? entry.tags : known.tags
  // A version is older than what is edited: the function existed when it was published.
  const times = [entry.sinceMs, known?.sinceMs].filter((timeMs) => timeMs !== undefined)
  entries.set(entry.name, {
    name: entry.name,
    tags,
    ...(timeoutSec === 0 ? {} : { timeoutSec }),
    ...(times.length === 0 ? {} : { sinceMs: Math.min(...times) }),
  })
}

/** Commits objects as they are listed: each is true by itself, and memory stays bounded. The inventory waits for the last page. */
async function commitObjects(run: ObjectsRun, region: AwsRegion): Promise<readonly InventoryEntry[]> {
  const { context, account, cloudProvider } = run
  const object: ObjectContext = {
    accountId: account.accountId,
    region: region.region,
    cloudProvider,
    extraTags: account.account.extra_tags ?? {},
    timeMs: context.triggerTimeMs,
  }
  const entries = new Map<string, InventoryEntry>()
  let waiting: Point[] = []
  const flush = async (): Promise<void> => {
    if (waiting.length > 0) await context.commit({ points: waiting, state: accountState(account) })
    waiting = []
  }
  for await (const page of listFunctions(region)) {
    for (const lambda of page) {
      addVersion(entries, lambda)
      // The object is the function: of its versions, the one that is edited.
      if (isLatest(lambda)) waiting.push(makeFunctionObject(lambda, object))
    }
    if (waiting.length >= OBJECTS_PER_COMMIT) await flush()
  }
  await flush()
  return [...entries.values()]
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

/** Objects of one region. When AWS refuses the listing, metrics go on without it: the result is `degraded`, the record names the action. */
export async function collectObjects(run: ObjectsRun, region: AwsRegion): Promise<RegionResult> {
  const { context } = run
  const { scope } = region
  try {
    const entries = await commitObjects(run, region)
    const aliases = await listAliases(run, region)
    const key = inventoryKey(region)
    const before = await loadInventory(context, key)
    const { triggerTimeMs } = context
    const timed = keepTimeouts(entries, before?.entries ?? [], triggerTimeMs)
    const lives = keepLives(timed, before, triggerTimeMs)
    const inventory = { listedAtMs: triggerTimeMs, aliases, ...lives }
    const state = await inventoryState(context, key, inventory)
    await context.commit({ points: [], state: { ...state, ...accountState(run.account) } })
    context.log(`${scope}: ${entries.length} functions`)
    return { kind: 'collected', scope, points: entries.length }
  } catch (error) {
    if (!(error instanceof AwsFailure)) throw error
    await keepInventory(run, region)
    if (error.kind !== 'forbidden') throw error
    reportProblem(context, error, scope)
    return { kind: 'degraded', scope, points: 0 }
  }
}
