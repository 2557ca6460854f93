import { type Account, type AccountSession, DffError, validate } from 'guance-aws-lambda/dff'

/** Upstream's keys of a session with a one-time code: it cannot be renewed by a trigger that runs unattended. */
const MFA_KEYS = ['serial_number', 'token_code'] as const

function refuseMfa(account: Readonly<Record<string, unknown>>): void {
  const found = MFA_KEYS.find((key) => Object.hasOwn(account, key))
  if (found === undefined) return
  throw new DffError({
    code: 'BAD_PARAMETER',
    place: `account: ${found}`,
    expected: 'keys, a role or the default chain',
    got: 'multi-factor authentication, which is not offered yet',
    remedy:
      'Remove serial_number and token_code, and let a role without an MFA condition be assumed by assume_role_arn and external_id.',
  })
}

function refuseLiteralSecret(account: Readonly<Record<string, unknown>>): void {
  if (typeof account['ak_secret'] !== 'string') return
  throw new DffError({
    code: 'BAD_PARAMETER',
    place: 'account: ak_secret',
    expected: "DFF.SECRET('<name>')",
    got: 'a literal string (not shown)',
    remedy:
      "Store it with `dff secret set NAME --grant SET` (the set of this script), write DFF.SECRET('NAME') here, and replace the key at AWS if this file was shared.",
  })
}

function refuseCloudProvider(account: Readonly<Record<string, unknown>>): void {
  const tags = account['extra_tags']
  if (typeof tags !== 'object' || tags === null || !Object.hasOwn(tags, 'cloud_provider')) return
  throw new DffError({
    code: 'BAD_PARAMETER',
    place: 'account: extra_tags.cloud_provider',
    expected: 'tags of your own',
    got: 'cloud_provider, which the collectors set themselves',
    remedy: 'Remove it here; its value is the parameter cloud_provider of the collector and of the metrics.',
  })
}

/** AWS's longest session of a role that is assumed with a role (aws.md §6.2). */
const MAX_CHAINED_SEC = 3_600

function refuseLongChain({ assume_role_chain: chain, session_duration_sec: durationSec = 0 }: Account): void {
  if (chain === undefined || durationSec <= MAX_CHAINED_SEC) return
  throw new DffError({
    code: 'BAD_PARAMETER',
    place: 'account: session_duration_sec',
    expected: `at most ${MAX_CHAINED_SEC} with assume_role_chain`,
    got: String(durationSec),
    remedy:
      'Remove it: AWS gives a role that is assumed with a role no longer session, and the host renews it.',
  })
}

/** Roles of several partitions can never be one way (aws.md §6.1). */
function refuseMixedPartitions({ assume_role_arn: roleArn, assume_role_chain: chain = [] }: Account): void {
  const partition = roleArn?.split(':')[1]
  const links = chain.map((link) => (typeof link === 'string' ? link : link.role_arn))
  const index = links.findIndex((arn) => arn.split(':')[1] !== partition)
  if (index === -1) return
  throw new DffError({
    code: 'BAD_PARAMETER',
    place: `account: assume_role_chain[${index}]`,
    expected: `a role of partition ${partition}, as assume_role_arn`,
    got: links[index] ?? '',
    remedy: 'Give each partition an account of its own with keys of that partition: credentials never cross.',
  })
}

/** The account block of a Startup script, checked; throws BAD_PARAMETER naming the key and never a secret's value. */
export function parseAccount(account: Account): Account {
  // Startup scripts lose their types before they run, so anything may stand here.
  const value: unknown = account
  if (typeof value === 'object' && value !== null) {
    const keys = value as Readonly<Record<string, unknown>>
    refuseMfa(keys)
    refuseLiteralSecret(keys)
    refuseCloudProvider(keys)
  }
  const checked = validate('account', value, 'account')
  refuseLongChain(checked)
  refuseMixedPartitions(checked)
  return checked
}

/** Throws BAD_PARAMETER when extra_tags name another account than the one that the credentials belong to. */
export function checkAccountId(account: Account, session: AccountSession): void {
  const stated = account.extra_tags?.['account_id']
  if (stated === undefined || stated === session.accountId) return
  throw new DffError({
    code: 'BAD_PARAMETER',
    place: 'account: extra_tags.account_id',
    expected: `${session.accountId}, the account these credentials belong to`,
    got: stated,
    remedy: 'Correct or remove the tag: account_id is set from the credentials on everything collected.',
  })
}
