import {
  type Account,
  type Check,
  type CollectorConfigs,
  type Expectation,
  type Point,
  REGIONS,
  type RunContext,
  validate,
} from 'guance-aws-lambda/dff'
import {
  type Backoff,
  collectRegions,
  type Collector,
  DEFAULT_CLOUD_PROVIDER,
  describeAccess,
  examineRegions,
  loadAccountId,
  loadInventory,
  loadRegions,
  openAccount,
  parseAccount,
  resolveRegions,
  SINGLE_ATTEMPT,
} from 'guance-aws-lambda/sets/guance_integration'
import type { ObjectsRun } from './commit-objects.ts'
import { collectDetails } from './collect-details.ts'
import { type FunctionFilter, makeFunctionChoice } from './function-choice.ts'
import { examineLambda, lambdaProbes } from './doctor.ts'
import { OBJECT_CLASS } from './function-object.ts'
import { inventoryKeyOf } from './inventory-key.ts'
import { planObjects } from './objects-plan.ts'
import { objectNameOf, reportCollisions } from './object-name.ts'
import { collectObjects } from './region-objects.ts'

const NAME = 'AWS-Lambda'

/** Of the metrics that make a region one to look for functions in. */
const NAMESPACES = ['AWS/Lambda'] as const

const NO_FUNCTION =
  'No function is known yet: not every region could be listed, most likely because the policy does not allow lambda:ListFunctions.'

async function expectObjects(
  context: RunContext,
  account: Account,
  { regions, object_name: naming = 'function_name' }: CollectorConfigs,
): Promise<Expectation> {
  const accountId = await loadAccountId(context, account)
  if (accountId === undefined) return { objects: [], metrics: [] }
  const inventories = await Promise.all(
    (await loadRegions(context, { accountId, namespaces: NAMESPACES }, regions)).map(async (region) => ({
      place: { accountId, region, partition: REGIONS[region]?.partition ?? 'aws' },
      inventory: await loadInventory(context, inventoryKeyOf({ accountId, region })),
    })),
  )
  const names = new Set(
    inventories.flatMap(
      ({ place, inventory }) =>
        inventory?.entries.flatMap(({ name, isExcluded }) =>
          isExcluded === true ? [] : [objectNameOf(place, name, naming)],
        ) ?? [],
    ),
  )
  // Regions that were all listed and hold no function owe nothing.
  const isListed = inventories.every(({ inventory }) => inventory !== undefined)
  if (names.size === 0 && isListed) return { objects: [], metrics: [] }
  const objects = { measurement: OBJECT_CLASS, names: [...names].toSorted() }
  return { objects: [names.size === 0 ? { ...objects, whenNone: NO_FUNCTION } : objects], metrics: [] }
}

/** One attempt a call: a doctor is waited for. */
async function examineObjects(
  context: RunContext,
  account: Account,
  {
    regions: wanted,
    details: hasDetails = true,
    backoff,
  }: Pick<CollectorConfigs, 'regions' | 'details'> & { readonly backoff: Backoff | undefined },
): Promise<readonly Check[]> {
  const impatient = { ...SINGLE_ATTEMPT, ...(backoff === undefined ? {} : { sleep: backoff.sleep }) }
  const opened = await openAccount(context, account, impatient)
  const regions = await resolveRegions({ context, account: opened, namespaces: NAMESPACES }, wanted)
  const listing = await examineRegions(opened, wanted)
  return [...listing, ...(await examineLambda({ context, account: opened, regions, hasDetails }, account))]
}

/** What a Startup script may add to the collection, with upstream's names (guance.md §1.4). */
export interface LambdaOptions {
  /** A function becomes an object when all of them say true. */
  readonly filters?: readonly FunctionFilter[]
  /** Called with each object before it goes out; what it returns goes out instead, with the same class and time. */
  readonly after_collect?: (point: Point) => Point
  /** For tests. */
  readonly backoff?: Backoff
}

/**
 * Collects the functions of one account as custom objects, and keeps the inventory that metrics take their tags from.
 * Throws BAD_PARAMETER at once, when the Startup script loads.
 */
export function LambdaCollector(
  account: Account,
  configs: CollectorConfigs,
  { filters, after_collect: afterCollect, backoff }: LambdaOptions = {},
): Collector {
  const checked = parseAccount(account)
  const checkedConfigs = validate('collector-configs', configs, 'collectorConfigs')
  const {
    regions: wanted,
    object_name: naming,
    resource_tags: resourceTags = [],
    details: hasDetails = true,
    change_events: hasEvents = true,
  } = checkedConfigs
  const choice = makeFunctionChoice(checkedConfigs, filters)
  const cloudProvider = checkedConfigs.cloud_provider ?? DEFAULT_CLOUD_PROVIDER
  const open = async (context: RunContext): Promise<ObjectsRun & { readonly regions: readonly string[] }> => {
    const opened = await openAccount(context, checked, backoff)
    const regions = await resolveRegions({ context, account: opened, namespaces: NAMESPACES }, wanted)
    return {
      context,
      account: opened,
      cloudProvider,
      naming: naming ?? 'function_name',
      resourceTags,
      hasDetails,
      hasEvents,
      regions,
      choice,
      ...(afterCollect === undefined ? {} : { afterCollect }),
    }
  }
  return {
    name: NAME,
    accountId: async (context) => (await openAccount(context, checked, backoff)).accountId,
    run: async (context) => {
      const run = await open(context)
      const { accountId } = run.account
      context.log(`collect account ${accountId}: functions in ${run.regions.length} regions`)
      const results = await collectRegions(run, async (region) => collectObjects(run, region))
      // Who has chosen knows what it means.
      if (naming === undefined) reportCollisions(context, accountId)
      return results
    },
    later: async (context) => {
      const run = await open(context)
      return collectRegions(run, async (region) => collectDetails(run, region))
    },
    expected: async (context) => expectObjects(context, checked, checkedConfigs),
    plan: async (context, question) => {
      const run = await open(context)
      return planObjects(run, run.regions, question)
    },
    access: async (context) =>
      describeAccess(context, checked, { regions: wanted, probes: lambdaProbes(hasDetails) }),
    doctor: async (context) => examineObjects(context, checked, { ...checkedConfigs, backoff }),
  }
}
