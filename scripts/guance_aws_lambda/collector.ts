import {
  type Account,
  type CollectorConfigs,
  type Expectation,
  type RunContext,
  validate,
} from 'guance-aws-lambda/dff'
import {
  type Backoff,
  collectRegions,
  type Collector,
  DEFAULT_CLOUD_PROVIDER,
  loadAccountId,
  loadInventory,
  openAccount,
  parseAccount,
  SINGLE_ATTEMPT,
} from 'guance-aws-lambda/sets/guance_integration'
import { examineLambda } from './doctor.ts'
import { OBJECT_CLASS } from './function-object.ts'
import { planObjects } from './objects-plan.ts'
import { collectObjects } from './region-objects.ts'

const NAME = 'AWS-Lambda'

const NO_FUNCTION =
  'No function is known yet: not every region could be listed, most likely because the policy does not allow lambda:ListFunctions.'

async function expectObjects(
  context: RunContext,
  account: Account,
  { regions }: CollectorConfigs,
): Promise<Expectation> {
  const accountId = await loadAccountId(context, account)
  if (accountId === undefined) return { objects: [], metrics: [] }
  const inventories = await Promise.all(
    regions.map(async (region) => loadInventory(context, { objectClass: OBJECT_CLASS, accountId, region })),
  )
  const names = new Set(inventories.flatMap((inventory) => inventory?.entries.map(({ name }) => name) ?? []))
  // Regions that were all listed and hold no function owe nothing.
  if (names.size === 0 && !inventories.includes(undefined)) return { objects: [], metrics: [] }
  const objects = { measurement: OBJECT_CLASS, names: [...names].toSorted() }
  return { objects: [names.size === 0 ? { ...objects, whenNone: NO_FUNCTION } : objects], metrics: [] }
}

/**
 * Collects the functions of one account as custom objects, and keeps the inventory that metrics take their tags from.
 * Throws BAD_PARAMETER at once, when the Startup script loads. `backoff` is for tests; a Startup script leaves it out.
 */
export function LambdaCollector(account: Account, configs: CollectorConfigs, backoff?: Backoff): Collector {
  const checked = parseAccount(account)
  const { regions, cloud_provider: cloudProvider = DEFAULT_CLOUD_PROVIDER } = validate(
    'collector-configs',
    configs,
    'collectorConfigs',
  )
  return {
    name: NAME,
    run: async (context) => {
      const opened = await openAccount(context, checked, backoff)
      context.log(`collect account ${opened.accountId}: functions in ${regions.length} regions`)
      return collectRegions({ context, account: opened, regions }, async (region) =>
        collectObjects({ context, account: opened, cloudProvider }, region),
      )
    },
    expected: async (context) => expectObjects(context, checked, { regions }),
    plan: async (context, question) => {
      const opened = await openAccount(context, checked, backoff)
      return planObjects({ context, account: opened, cloudProvider }, regions, question)
    },
    doctor: async (context) =>
      examineLambda({ context, account: await openAccount(context, checked, SINGLE_ATTEMPT), regions }),
  }
}
