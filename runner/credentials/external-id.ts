import { createHash, randomBytes } from 'node:crypto'
import { DffError } from '../../core/error.ts'
import type { Account } from '../../core/schema-types.generated.ts'
import type { Vault } from '../secret/vault.ts'

/** In place of an external id: the host makes one. */
const MADE_BY_HOST = 'auto'

/** 160 bits: nobody guesses it. */
const RANDOM_BYTES = 20

/** A role on the way to another one. */
type Link = NonNullable<Account['assume_role_chain']>[number]

/** External ids that this home has made, one for each role: no other home, and no other role, has the same. */
export interface ExternalIds {
  /** The account with the external ids that its roles will be asked with; made and kept at the first request. */
  resolve(account: Account): Promise<Account>
  /** The same for a role by itself; `externalId` as it stands in the account. */
  resolveFor(roleArn: string, externalId: string): Promise<string>
}

/** Safe as a name of a secret, whatever path and name the role has. */
function secretName(roleArn: string): string {
  const digest = createHash('sha256').update(roleArn).digest('hex').slice(0, 32)
  return `external-id.${roleArn.split(':')[4] ?? ''}.${digest}`
}

async function readOrMake(vault: Vault, name: string): Promise<string> {
  try {
    return await vault.read(name)
  } catch (error) {
    if (!(error instanceof DffError) || error.code !== 'NO_SECRET') throw error
  }
  const made = `guance-${randomBytes(RANDOM_BYTES).toString('hex')}`
  await vault.set(name, made, null)
  return made
}

/** They are kept sealed among the secrets, so that they survive a new key, a backup and a restore. */
export function createExternalIds(vault: Vault): ExternalIds {
  const pending = new Map<string, Promise<string>>()
  const resolveFor = async (roleArn: string, externalId: string): Promise<string> => {
    if (externalId !== MADE_BY_HOST) return externalId
    const name = secretName(roleArn)
    // Two tasks at once must not make two: the second would overwrite what the first has shown.
    const reading = pending.get(name) ?? readOrMake(vault, name)
    pending.set(name, reading)
    try {
      return await reading
    } finally {
      pending.delete(name)
    }
  }
  const resolveLink = async (link: Link): Promise<Link> =>
    typeof link === 'string'
      ? link
      : { ...link, external_id: await resolveFor(link.role_arn, link.external_id) }
  return {
    resolveFor,
    async resolve(account) {
      const { assume_role_arn: roleArn, external_id: externalId, assume_role_chain: chain } = account
      const links = chain === undefined ? undefined : await Promise.all(chain.map(resolveLink))
      return {
        ...account,
        ...(links === undefined ? {} : { assume_role_chain: links }),
        ...(roleArn === undefined || externalId === undefined
          ? {}
          : { external_id: await resolveFor(roleArn, externalId) }),
      }
    },
  }
}
