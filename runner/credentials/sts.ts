import type { Credentials, STSClient } from '@aws-sdk/client-sts'
import { DffError } from '../../core/error.ts'
import { REGIONS } from '../../core/regions.generated.ts'
import type { AccountSession } from '../../core/script.ts'
import type { Account } from '../../core/schema-types.generated.ts'
import { requestHandlerOf } from './request-handler.ts'
import { credentialsError, isDenied, isUnknownKey, wasAnswered } from './sts-error.ts'

/** The longest session a role chained to a role may have, and as long as a task may run. */
const SESSION_SEC = 3_600

/** Name of the session in CloudTrail, as upstream's. */
const DEFAULT_SESSION_NAME = 'guance'

/** Where STS is asked when nothing says better: the home of the largest partition. */
const DEFAULT_REGION = 'us-east-1'

/** Keys to call STS with: a stored pair, or what the default chain found. */
export interface BaseKeys {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
  readonly expiration?: Date
}

export interface StsOptions {
  readonly env: NodeJS.ProcessEnv
  readonly signal: AbortSignal
}

interface Call {
  readonly client: STSClient
  readonly account: Account
  readonly keys: BaseKeys
  readonly signal: AbortSignal
}

function partitionOfArn(arn: string): string {
  return arn.split(':')[1] ?? 'aws'
}

/** What the SDK would read from the environment; read here because the environment may be handed in. */
function configuredEndpoint(env: NodeJS.ProcessEnv): string | undefined {
  if (env['AWS_IGNORE_CONFIGURED_ENDPOINT_URLS'] === 'true') return undefined
  return [env['AWS_ENDPOINT_URL_STS'], env['AWS_ENDPOINT_URL']].find((url) => url !== undefined && url !== '')
}

function homesOfPartitions(): readonly string[] {
  return [...new Set(Object.values(REGIONS).map(({ home }) => home))]
}

/**
 * Regions in which to ask STS, best first. A key belongs to one partition and nothing in it says to which: where it
 * is unknown, the other partitions are asked. An endpoint that the user set is the only one there is.
 */
export function stsRegions({ assume_role_arn }: Account, env: NodeJS.ProcessEnv): readonly string[] {
  const configured = env['AWS_REGION']
  const rolePartition = assume_role_arn === undefined ? undefined : partitionOfArn(assume_role_arn)
  const roleHome = Object.values(REGIONS).find(({ partition }) => partition === rolePartition)?.home
  const fits =
    configured !== undefined &&
    configured !== '' &&
    (rolePartition === undefined || REGIONS[configured]?.partition === rolePartition)
  const first = fits ? configured : (roleHome ?? DEFAULT_REGION)
  if (configuredEndpoint(env) !== undefined || rolePartition !== undefined) return [first]
  return [...new Set([first, ...homesOfPartitions()])]
}

async function openClient(region: string, keys: BaseKeys, env: NodeJS.ProcessEnv): Promise<STSClient> {
  // Loaded when first needed: it costs 66 ms, which `dff status` must not pay.
  const { STSClient } = await import('@aws-sdk/client-sts')
  const endpoint = configuredEndpoint(env)
  return new STSClient({
    region,
    ...(endpoint === undefined ? {} : { endpoint }),
    credentials: keys,
    requestHandler: requestHandlerOf(env),
  })
}

function temporary(
  credentials: Credentials | undefined,
): Omit<AccountSession, 'accountId' | 'arn' | 'partition'> {
  const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = credentials ?? {}
  if (AccessKeyId === undefined || SecretAccessKey === undefined || SessionToken === undefined) {
    throw new Error('STS answered without credentials')
  }
  return {
    accessKeyId: AccessKeyId,
    secretAccessKey: SecretAccessKey,
    sessionToken: SessionToken,
    ...(Expiration === undefined ? {} : { expiresAtMs: Expiration.getTime() }),
  }
}

type Identity = Pick<AccountSession, 'accountId' | 'arn' | 'partition'>

function identityOf(arn: string | undefined): Identity {
  if (arn === undefined) throw new Error('STS answered without an ARN')
  return { accountId: arn.split(':')[4] ?? '', arn, partition: partitionOfArn(arn) }
}

async function assumeRole({ client, account, signal }: Call, roleArn: string): Promise<AccountSession> {
  const { AssumeRoleCommand } = await import('@aws-sdk/client-sts')
  const command = new AssumeRoleCommand({
    RoleArn: roleArn,
    RoleSessionName: account.role_session_name ?? DEFAULT_SESSION_NAME,
    DurationSeconds: account.session_duration_sec ?? SESSION_SEC,
    ...(account.external_id === undefined ? {} : { ExternalId: account.external_id }),
  })
  const { Credentials: credentials, AssumedRoleUser: user } = await client.send(command, {
    abortSignal: signal,
  })
  return { ...identityOf(user?.Arn), ...temporary(credentials) }
}

/** Keys that already end by themselves go to the task as they are: STS makes no sessions from sessions. */
function passOn(
  identity: Identity,
  { expiration, accessKeyId, secretAccessKey, sessionToken }: BaseKeys,
): AccountSession {
  return {
    ...identity,
    accessKeyId,
    secretAccessKey,
    ...(sessionToken === undefined ? {} : { sessionToken }),
    ...(expiration === undefined ? {} : { expiresAtMs: expiration.getTime() }),
  }
}

async function exchangeKeys({ client, keys, signal }: Call): Promise<AccountSession> {
  const { GetCallerIdentityCommand, GetSessionTokenCommand } = await import('@aws-sdk/client-sts')
  const { Arn: arn } = await client.send(new GetCallerIdentityCommand({}), { abortSignal: signal })
  const identity = identityOf(arn)
  if (keys.sessionToken !== undefined) return passOn(identity, keys)
  try {
    const command = new GetSessionTokenCommand({ DurationSeconds: SESSION_SEC })
    const { Credentials: credentials } = await client.send(command, { abortSignal: signal })
    return { ...identity, ...temporary(credentials) }
  } catch (error) {
    if (!isDenied(error)) throw error
    const note = `STS refused temporary credentials for ${identity.arn} (sts:GetSessionToken): the task works with the key itself.`
    return { ...passOn(identity, keys), note }
  }
}

async function withClient<T>(
  region: string,
  { request, env }: { readonly request: Omit<Call, 'client'>; readonly env: NodeJS.ProcessEnv },
  use: (call: Call) => Promise<T>,
): Promise<T> {
  const client = await openClient(region, request.keys, env)
  try {
    return await use({ ...request, client })
  } finally {
    client.destroy()
  }
}

/** The keys after the roles on the way; a refusal names the role that refused and not the last one. */
async function followChain(
  region: string,
  request: Omit<Call, 'client'>,
  env: NodeJS.ProcessEnv,
): Promise<BaseKeys> {
  const {
    assume_role_chain: chain = [],
    external_id: _id,
    session_duration_sec: _sec,
    ...account
  } = request.account
  let keys = request.keys
  for (const link of chain) {
    const { role_arn: roleArn, external_id: externalId } =
      typeof link === 'string' ? { role_arn: link, external_id: undefined } : link
    const role = {
      assume_role_arn: roleArn,
      ...(externalId === undefined ? {} : { external_id: externalId }),
    }
    const hop = { ...request, keys, account: { ...account, ...role } }
    try {
      // One after the other: each is assumed with the one before.
      keys = await withClient(region, { request: hop, env }, async (call) => assumeRole(call, roleArn))
    } catch (error) {
      request.signal.throwIfAborted()
      throw credentialsError(error, hop.account, { secrets: [keys.secretAccessKey, keys.sessionToken ?? ''] })
    }
  }
  return keys
}

async function openInRegion(
  region: string,
  request: Omit<Call, 'client'>,
  env: NodeJS.ProcessEnv,
): Promise<AccountSession> {
  const keys = await followChain(region, request, env)
  return withClient(region, { request: { ...request, keys }, env }, async (call) => {
    const roleArn = request.account.assume_role_arn
    if (roleArn === undefined) return exchangeKeys(call)
    const session = await assumeRole(call, roleArn)
    checkOwner(session, roleArn)
    return session
  })
}

/** Whoever answers for STS may be a proxy or a test double: data of another account would be filed under this one. */
function checkOwner({ accountId, partition }: AccountSession, roleArn: string): void {
  const [, rolePartition, , , roleAccountId] = roleArn.split(':')
  if (accountId === roleAccountId && partition === rolePartition) return
  throw new DffError({
    code: 'CREDENTIALS_REFUSED',
    place: `role ${roleArn}`,
    expected: `a session of account ${roleAccountId} in ${rolePartition}`,
    got: `one of account ${accountId} in ${partition}`,
    remedy: 'Check AWS_ENDPOINT_URL and the proxy: something else than AWS STS answered.',
  })
}

/** Credentials for one account: temporary wherever STS gives them. Throws what STS or the network said. */
export async function openSession(
  account: Account,
  keys: BaseKeys,
  { env, signal }: StsOptions,
): Promise<AccountSession> {
  let unknownKey: unknown
  // One after another: the next region is asked only where the key is unknown.
  for (const region of stsRegions(account, env)) {
    try {
      return await openInRegion(region, { account, keys, signal }, env)
    } catch (error) {
      // A partition that cannot be reached says nothing about a key that the first one did not know.
      const isSilent = unknownKey !== undefined && !wasAnswered(error) && !signal.aborted
      if (!isUnknownKey(error) && !isSilent) throw error
      unknownKey ??= error
    }
  }
  throw unknownKey
}
