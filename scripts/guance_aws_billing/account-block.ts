import { type Account, type BillingConfigs, DffError } from 'guance-aws-lambda/dff'
import { parseAccount } from 'guance-aws-lambda/sets/guance_integration'

/** What cost analysis in Guance tells accounts apart by (guance.md §5.3). */
const NEEDED_TAGS = ['account_name', 'account_id'] as const

/** The account block with the two tags that a bill needs; throws BAD_PARAMETER naming the one that is missing. */
export function parseBillingAccount(account: Account): Account {
  const checked = parseAccount(account)
  const missing = NEEDED_TAGS.find((tag) => (checked.extra_tags?.[tag] ?? '') === '')
  if (missing === undefined) return checked
  throw new DffError({
    code: 'BAD_PARAMETER',
    place: `account: extra_tags.${missing}`,
    expected: missing === 'account_id' ? 'the 12 digits of this account' : 'a name for this account',
    got: 'nothing',
    remedy:
      'Cost analysis in Guance needs account_name and account_id on every line of a bill: add both to extra_tags.',
  })
}

/** Throws BAD_PARAMETER where costs of functions could not be shared out, because nobody reads the account they are in. */
export function checkFunctions({ extra_tags: tags = {} }: Account, configs: BillingConfigs): void {
  const { functions, linked_accounts: chosen } = configs
  const ownId = tags['account_id'] ?? ''
  if (functions === undefined || !Array.isArray(chosen) || chosen.includes(ownId)) return
  throw new DffError({
    code: 'BAD_PARAMETER',
    place: 'billingConfigs.linked_accounts',
    expected: `also the own account ${ownId}, of whose functions the costs are wanted`,
    got: chosen.join(', '),
    remedy: `Costs of functions are shares of the own account's: add ${ownId} to linked_accounts, or leave functions out.`,
  })
}
