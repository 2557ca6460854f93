import type { AccountClient } from '@aws-sdk/client-account'
import type { CloudWatchClient } from '@aws-sdk/client-cloudwatch'
import type { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs'
import type { CostExplorerClient } from '@aws-sdk/client-cost-explorer'
import type { LambdaClient } from '@aws-sdk/client-lambda'
import type { OrganizationsClient } from '@aws-sdk/client-organizations'
import type { ResourceGroupsTaggingAPIClient } from '@aws-sdk/client-resource-groups-tagging-api'
import type { RunContext } from 'guance-aws-lambda/dff'
import type { AwsClock } from './aws-clock.ts'
import type { Backoff } from './backoff.ts'
import { dropEnvironment } from './environment.ts'
import { meterUsage } from './metered.ts'
import { meterAttempts } from './metering.ts'
import { paceAttempts, regionLimits } from './region-limits.ts'
import { limitReply } from './reply-limit.ts'
import { spendingOf } from './spending.ts'
import type { TaskCredentials } from './task-credentials.ts'

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

/** One client of each service in one region, made on first use. */
export interface AwsClients {
  /** Answers in the partition's home region alone. */
  account(): Promise<AccountClient>
  cloudwatch(): Promise<CloudWatchClient>
  /** Answers in the partition's home region alone. AWS bills each attempt, so that it makes one: send by `callOnce`. */
  costExplorer(): Promise<CostExplorerClient>
  lambda(): Promise<LambdaClient>
  logs(): Promise<CloudWatchLogsClient>
  /** Answers for the whole partition, wherever it is asked. */
  organizations(): Promise<OrganizationsClient>
  /** The service that knows the tags of all resources of the region. */
  tagging(): Promise<ResourceGroupsTaggingAPIClient>
}

export interface AwsClientOptions {
  readonly context: RunContext
  readonly accountId: string
  readonly region: string
  readonly clock: AwsClock
  readonly credentials: TaskCredentials
  readonly backoff: Backoff
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined
  return () => (made ??= make())
}

/** What the clients of all services have in common. */
interface AnyClient {
  readonly middlewareStack: unknown
  readonly config: { readonly credentials: (options?: Record<string, unknown>) => Promise<unknown> }
  destroy(): void
}

/** What every client of a region is made with. */
function makeConfig({ region, credentials }: AwsClientOptions) {
  return {
    region,
    credentials: async () => credentials.provide(),
    maxAttempts: SDK_ATTEMPTS,
    retryMode: 'standard',
    requestHandler: REQUEST_HANDLER,
  }
}

/** Gives clients their middleware. */
function makeOutfitter({ context, accountId, region, clock, backoff }: AwsClientOptions) {
  const limits = regionLimits(context, `${accountId}/${region}`)
  return <C extends AnyClient>(service: string, client: C): C => {
    const meter = meterAttempts(service, {
      meter: (usage) => meterUsage(context, { ...usage, accountId, region }),
      clock,
      spend: async (billedMetrics) => spendingOf(context).spend(accountId, billedMetrics),
    })
    // They differ in the commands they take, of which the middleware knows nothing.
    const stack = client.middlewareStack as CloudWatchClient['middlewareStack']
    stack.add(meter, { step: 'deserialize', priority: 'low', name: 'meterAttempts' })
    // Inside the SDK's retries, which wrap this step, and before the request is signed, whose signature ages.
    const turn = { relation: 'before', toMiddleware: 'httpSigningMiddleware', name: 'paceAttempts' } as const
    stack.addRelativeTo(paceAttempts(service, limits, backoff.sleep), turn)
    // Behind what reads the reply, so that it reads the limited one.
    const network = { relation: 'after', toMiddleware: 'deserializerMiddleware', name: 'limitReply' } as const
    stack.addRelativeTo(limitReply(), network)
    return client
  }
}

/** Imported on first use: a client package costs about 100 ms and 10 MB (aws.md §6.8). */
export function makeClients(options: AwsClientOptions): AwsClients & {
  /** Lets every client ask for credentials anew: each keeps its own until their end. */
  forgetCredentials(): Promise<void>
  /** Closes their connections. */
  release(): void
} {
  const config = makeConfig(options)
  const outfit = makeOutfitter(options)
  const made: AnyClient[] = []
  const keep = <C extends AnyClient>(service: string, client: C): C => {
    made.push(client)
    return outfit(service, client)
  }
  return {
    account: once(async () => {
      const { AccountClient } = await import('@aws-sdk/client-account')
      return keep('account', new AccountClient(config))
    }),
    cloudwatch: once(async () => {
      const { CloudWatchClient } = await import('@aws-sdk/client-cloudwatch')
      return keep('cloudwatch', new CloudWatchClient(config))
    }),
    costExplorer: once(async () => {
      const { CostExplorerClient } = await import('@aws-sdk/client-cost-explorer')
      return keep('ce', new CostExplorerClient({ ...config, maxAttempts: 1 }))
    }),
    lambda: once(async () => {
      const { LambdaClient } = await import('@aws-sdk/client-lambda')
      const client = keep('lambda', new LambdaClient(config))
      const first = { step: 'deserialize', priority: 'high', name: 'dropEnvironment' } as const
      client.middlewareStack.add(dropEnvironment, first)
      return client
    }),
    logs: once(async () => {
      const { CloudWatchLogsClient } = await import('@aws-sdk/client-cloudwatch-logs')
      return keep('logs', new CloudWatchLogsClient(config))
    }),
    organizations: once(async () => {
      const { OrganizationsClient } = await import('@aws-sdk/client-organizations')
      return keep('organizations', new OrganizationsClient(config))
    }),
    tagging: once(async () => {
      const { ResourceGroupsTaggingAPIClient } = await import('@aws-sdk/client-resource-groups-tagging-api')
      return keep('tag', new ResourceGroupsTaggingAPIClient(config))
    }),
    forgetCredentials: async () => {
      await Promise.all(made.map(async (client) => client.config.credentials({ forceRefresh: true })))
    },
    release: () => {
      for (const client of made) client.destroy()
    },
  }
}
