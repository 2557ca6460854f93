import type { Account, Organization } from 'guance-aws-lambda/dff'

/** Stands for the account that a run will find: what is wrong with all of them is said when the script loads. */
export const SOME_ACCOUNT = { id: '000000000000', name: 'some account' }

/** By which an account of the organization is reached. */
export function roleArnOf({ role_name: role }: Organization, partition: string, accountId: string): string {
  const template = role.startsWith('arn:') ? role : `arn:{partition}:iam::{account_id}:role/${role}`
  return template.replace('{partition}', partition).replace('{account_id}', accountId)
}

/** The credentials that list the accounts assume the role: those of a role are one more link of the chain. */
export function memberAccount(
  account: Account,
  organization: Organization,
  { partition, id, name }: { readonly partition: string; readonly id: string; readonly name: string },
): Account {
  const { assume_role_arn: own, external_id: ownId, assume_role_chain: chain = [] } = account
  const { ak_id, ak_secret, extra_tags = {} } = account
  const { external_id, role_session_name = account.role_session_name, session_duration_sec } = organization
  const { account_id: _id, ...tags } = extra_tags
  const link = own === undefined || ownId === undefined ? own : { role_arn: own, external_id: ownId }
  const links = link === undefined ? chain : [...chain, link]
  return {
    ...(ak_id === undefined ? {} : { ak_id }),
    ...(ak_secret === undefined ? {} : { ak_secret }),
    assume_role_arn: roleArnOf(organization, partition, id),
    ...(links.length === 0 ? {} : { assume_role_chain: links }),
    ...(external_id === undefined ? {} : { external_id }),
    ...(role_session_name === undefined ? {} : { role_session_name }),
    ...(session_duration_sec === undefined ? {} : { session_duration_sec }),
    extra_tags: { ...tags, account_name: name },
  }
}
