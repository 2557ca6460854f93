import { makeFunctionChoice } from '../../../scripts/guance_aws_lambda/function-choice.ts'
import { collectObjects } from '../../../scripts/guance_aws_lambda/region-objects.ts'
import { loadInventory, openAccount, SINGLE_ATTEMPT } from '../../../scripts/guance_integration/main.ts'
import { makeRun, SESSION, type TestRunOptions, type TestStore } from '../run-context.ts'

const KEY = { objectClass: 'aws_lambda', accountId: SESSION.accountId, region: 'us-east-1' }

/** A run at a time, in the account of `SESSION`. */
export function runAt(
  store: TestStore,
  triggerTimeMs: number,
  options: Pick<TestRunOptions, 'beforeCommit'> = {},
) {
  return makeRun(store, { triggerTimeMs, session: SESSION, ...options })
}

/** Collects the objects of a region once; with the inventory that is stored then. */
export async function collectAt(
  store: TestStore,
  triggerTimeMs: number,
  context = runAt(store, triggerTimeMs),
) {
  const account = await openAccount(context, {}, { ...SINGLE_ATTEMPT, sleep: async () => Promise.resolve() })
  await collectObjects(
    {
      context,
      account,
      cloudProvider: 'aws',
      naming: 'function_name',
      resourceTags: [],
      hasDetails: true,
      hasEvents: true,
      choice: makeFunctionChoice({}),
    },
    account.region('us-east-1'),
  )
  return { context, inventory: await loadInventory(context, KEY) }
}
