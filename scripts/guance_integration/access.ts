import type { Access, Account, RunContext } from 'guance-aws-lambda/dff'
import { loadAccountId } from './aws-account.ts'
import type { ActionProbe } from './action-probe.ts'
import { REGIONS_PROBE } from './enabled-regions.ts'
import type { RegionChoice } from './region-choice.ts'

/** How the Startup script names an account. */
function titleOf({ assume_role_arn: roleArn, ak_id: keyId }: Account): string {
  if (roleArn !== undefined) return roleArn
  return keyId === undefined ? "the host's own credentials" : `key ${keyId}`
}

/** `arn:aws:sts::1:assumed-role/NAME/SESSION` stands for the role; a trust policy names that. */
function trustedArn(arn: string): string {
  const [, partition = '', accountId = '', name = ''] =
    /^arn:([^:]+):sts::(\d+):assumed-role\/([^/]+)\//.exec(arn) ?? []
  return name === '' ? arn : `arn:${partition}:iam::${accountId}:role/${name}`
}

/** Who assumes the role; undefined when AWS cannot be asked: the policy is right without it. */
async function findPrincipal(context: RunContext, account: Account): Promise<string | undefined> {
  const {
    assume_role_arn: _role,
    external_id: _id,
    role_session_name: _name,
    session_duration_sec: _sec,
    ...own
  } = account
  const { assume_role_chain: chain = [], ...base } = own
  const last = chain.at(-1)
  if (last !== undefined) return typeof last === 'string' ? last : last.role_arn
  try {
    return trustedArn((await context.credentials(base)).arn)
  } catch {
    context.signal.throwIfAborted()
    return undefined
  }
}

/** What an account must be allowed for these probes in these regions. */
export async function describeAccess(
  context: RunContext,
  account: Account,
  { regions, probes }: { readonly regions: RegionChoice; readonly probes: readonly ActionProbe[] },
): Promise<Access> {
  const { assume_role_arn: roleArn, external_id: externalId } = account
  const accountId = roleArn?.split(':')[4] ?? (await loadAccountId(context, account))
  const principalArn = roleArn === undefined ? undefined : await findPrincipal(context, account)
  return {
    title: titleOf(account),
    ...(accountId === undefined ? {} : { accountId }),
    ...(roleArn === undefined ? {} : { roleArn }),
    ...(externalId === undefined ? {} : { externalId }),
    ...(principalArn === undefined ? {} : { principalArn }),
    // Which regions there will be is not known beforehand: a policy for `auto` names none.
    regions: regions === 'auto' ? [] : regions,
    actions: [...probes, ...(regions === 'auto' ? [REGIONS_PROBE] : [])].map(
      ({ action, gives, isOptional, on, sharedArns = [] }) => ({
        action,
        on: on ?? 'account',
        gives,
        isOptional: isOptional === true,
        sharedArns: sharedArns.filter((arn) => arn.split(':')[4] !== accountId),
      }),
    ),
  }
}
