import type { AccountClient } from '@aws-sdk/client-account'
import type { CloudWatchClient } from '@aws-sdk/client-cloudwatch'
import type { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs'
import type { LambdaClient } from '@aws-sdk/client-lambda'
import type { ResourceGroupsTaggingAPIClient } from '@aws-sdk/client-resource-groups-tagging-api'
import type { RunContext } from 'guance-aws-lambda/dff'
import type { AwsClock } from './aws-clock.ts'
import { AwsFailure, classifyAwsError } from './aws-error.ts'
import { type Backoff, retryWithBackoff } from './backoff.ts'
import { dropEnvironment } from './environment.ts'
import { spendingOf } from './spending.ts'
import { meterUsage } from './metered.ts'
import { meterAttempts } from './metering.ts'
import { paceAttempts, regionLimits } from './region-limits.ts'
import { limitReply } from './reply-limit.ts'

/**
 * The SDK has no request timeout of its own and, asked for one, only warns unless throwOnRequestTimeout says otherwise
 * (aws.md §6.6). A page of 500 queries takes about a second.
 */
const REQUEST_HANDLER = {
  connectionTimeout: 5_000,
  requestTimeout: 30_000,
  throwOnRequestTimeout: true,
  // Options of the agents it makes: Node's follow HTTPS_PROXY from 22.21 and 24.5 on, and older ones connect directly.
  httpAgent: { proxyEnv: process.env },
  httpsAgent: { proxyEnv: process.env },
} as const

/** The SDK's quick attempts; what outlasts them is repeated by `call`, in seconds. */
const SDK_ATTEMPTS = 3

/** AWS credentials as the SDK asks for them; called again when they are about to expire. */
export type CredentialProvider = () => Promise<{
  accessKeyId: string
  secretAccessKey: string
  sessionToken?: string
  expiration?: Date
}>

/** One region of one account: its clients, made on first use, and the way to call them. */
export interface AwsRegion {
  readonly accountId: string
  readonly region: string
  /** `123456789012/us-east-1` */
  readonly scope: string
  readonly clock: AwsClock
  /** Answers in the partition's home region alone. */
  account(): Promise<AccountClient>
  cloudwatch(): Promise<CloudWatchClient>
  lambda(): Promise<LambdaClient>
  logs(): Promise<CloudWatchLogsClient>
  /** The service that knows the tags of all resources of the region. */
  tagging(): Promise<ResourceGroupsTaggingAPIClient>
  /** Calls AWS, repeating what is throttled or transient; throws AwsFailure naming `action`. */
  call<T>(action: string, send: (abortSignal: AbortSignal) => Promise<T>): Promise<T>
}

export interface AwsRegionOptions {
  readonly context: RunContext
  readonly accountId: string
  readonly region: string
  readonly clock: AwsClock
  readonly credentials: CredentialProvider
  readonly backoff: Backoff
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined
  return () => (made ??= make())
}

/** What every client of a region is made with. */
function makeSteps({ context, accountId, region, clock, credentials, backoff }: AwsRegionOptions) {
  const config = {
    region,
    credentials,
    maxAttempts: SDK_ATTEMPTS,
    retryMode: 'adaptive',
    requestHandler: REQUEST_HANDLER,
  }
  const meter = (service: string) =>
    meterAttempts(service, {
      meter: (usage) => meterUsage(context, { ...usage, accountId, region }),
      clock,
      spend: async (billedMetrics) => spendingOf(context).spend(accountId, billedMetrics),
    })
  const step = { step: 'deserialize', priority: 'low', name: 'meterAttempts' } as const
  const limits = regionLimits(context, `${accountId}/${region}`)
  const pace = (service: string) => paceAttempts(service, limits, backoff.sleep)
  // Inside the SDK's retries, which wrap this step, and before the request is signed, whose signature ages.
  const turn = { relation: 'before', toMiddleware: 'httpSigningMiddleware', name: 'paceAttempts' } as const
  // Behind what reads the reply, so that it reads the limited one.
  const network = { relation: 'after', toMiddleware: 'deserializerMiddleware', name: 'limitReply' } as const
  return { config, meter, step, pace, turn, network }
}

/** Imported on first use: a client package costs about 100 ms and 10 MB (aws.md §6.8). */
function makeClients(options: AwsRegionOptions) {
  const { config, meter, step, pace, turn, network } = makeSteps(options)
  return {
    account: once(async () => {
      const { AccountClient } = await import('@aws-sdk/client-account')
      const client = new AccountClient(config)
      client.middlewareStack.add(meter('account'), step)
      client.middlewareStack.addRelativeTo(pace('account'), turn)
      client.middlewareStack.addRelativeTo(limitReply(), network)
      return client
    }),
    cloudwatch: once(async () => {
      const { CloudWatchClient } = await import('@aws-sdk/client-cloudwatch')
      const client = new CloudWatchClient(config)
      client.middlewareStack.add(meter('cloudwatch'), step)
      client.middlewareStack.addRelativeTo(pace('cloudwatch'), turn)
      client.middlewareStack.addRelativeTo(limitReply(), network)
      return client
    }),
    lambda: once(async () => {
      const { LambdaClient } = await import('@aws-sdk/client-lambda')
      const client = new LambdaClient(config)
      client.middlewareStack.add(meter('lambda'), step)
      client.middlewareStack.addRelativeTo(pace('lambda'), turn)
      client.middlewareStack.addRelativeTo(limitReply(), network)
      client.middlewareStack.add(dropEnvironment, {
        step: 'deserialize',
        priority: 'high',
        name: 'dropEnvironment',
      })
      return client
    }),
    logs: once(async () => {
      const { CloudWatchLogsClient } = await import('@aws-sdk/client-cloudwatch-logs')
      const client = new CloudWatchLogsClient(config)
      client.middlewareStack.add(meter('logs'), step)
      client.middlewareStack.addRelativeTo(pace('logs'), turn)
      client.middlewareStack.addRelativeTo(limitReply(), network)
      return client
    }),
    tagging: once(async () => {
      const { ResourceGroupsTaggingAPIClient } = await import('@aws-sdk/client-resource-groups-tagging-api')
      const client = new ResourceGroupsTaggingAPIClient(config)
      client.middlewareStack.add(meter('tag'), step)
      client.middlewareStack.addRelativeTo(pace('tag'), turn)
      client.middlewareStack.addRelativeTo(limitReply(), network)
      return client
    }),
  }
}

function isWorthRetrying(error: unknown): boolean {
  return error instanceof AwsFailure && (error.kind === 'throttled' || error.kind === 'transient')
}

/** The clients of one region; they hold keep-alive sockets that do not keep the process alive. */
export function makeAwsRegion(options: AwsRegionOptions): AwsRegion {
  const { context, accountId, region, clock, backoff } = options
  const { signal } = context
  return {
    accountId,
    region,
    scope: `${accountId}/${region}`,
    clock,
    ...makeClients(options),
    call: async (action, send) =>
      retryWithBackoff(
        async () => {
          try {
            return await send(signal)
          } catch (error) {
            signal.throwIfAborted()
            const kind = classifyAwsError(error)
            // Without a kind it is no answer of AWS but a fault of ours, and must look like one.
            throw kind === undefined ? error : new AwsFailure(kind, action, error as Error)
          }
        },
        isWorthRetrying,
        { backoff, signal },
      ),
  }
}
