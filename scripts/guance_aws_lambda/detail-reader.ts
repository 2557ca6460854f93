import type { LambdaClient } from '@aws-sdk/client-lambda'
import type { Json } from 'guance-aws-lambda/dff'
import { type InventoryEntry, readNumber, readText } from 'guance-aws-lambda/sets/guance_integration'

/** What is known of the region when its functions are read. */
export interface ReaderScope {
  /** Whether any function of the region has concurrency reserved: GetAccountSettings says so for all of them at once. */
  readonly hasReserved: boolean
}

/** One call about one function. */
export interface DetailReader {
  /** Key of its answer among the facts. */
  readonly fact: string
  readonly action: string
  /** What the objects lack without it. */
  readonly gives: string
  /** Left out where the call always makes sense. */
  readonly isNeeded?: (entry: InventoryEntry, scope: ReaderScope) => boolean
  /** The answer, trimmed; null where nothing is configured. */
  readonly read: (client: LambdaClient, name: string, abortSignal: AbortSignal) => Promise<Json>
}

type Row = Readonly<Record<string, unknown>>

/** Rows of a reply with what `trim` keeps of each; null for none. */
function rowsOf(value: unknown, trim: (row: Row) => Readonly<Record<string, unknown>>): Json {
  const rows = Array.isArray(value)
    ? value.filter((row): row is Row => typeof row === 'object' && row !== null)
    : []
  if (rows.length === 0) return null
  // Whatever a reply holds there, as JSON would write it: undefined and functions go.
  return JSON.parse(JSON.stringify(rows.map(trim))) as Json
}

/** `…:function:name:live` → `live`. */
function qualifierOf(arn: unknown): string | undefined {
  return readText(arn)?.split(':')[7]
}

const RESERVED: DetailReader = {
  fact: 'reserved',
  action: 'lambda:GetFunctionConcurrency',
  gives: 'reserved concurrency on objects',
  isNeeded: (_entry, { hasReserved }) => hasReserved,
  read: async (client, FunctionName, abortSignal) => {
    const { GetFunctionConcurrencyCommand } = await import('@aws-sdk/client-lambda')
    const reply = await client.send(new GetFunctionConcurrencyCommand({ FunctionName }), { abortSignal })
    return readNumber(reply.ReservedConcurrentExecutions) ?? null
  },
}

const PROVISIONED: DetailReader = {
  fact: 'provisioned',
  action: 'lambda:ListProvisionedConcurrencyConfigs',
  gives: 'provisioned concurrency on objects',
  // Only a published version can have it.
  isNeeded: ({ isPublished }) => isPublished === true,
  read: async (client, FunctionName, abortSignal) => {
    const { ListProvisionedConcurrencyConfigsCommand } = await import('@aws-sdk/client-lambda')
    const command = new ListProvisionedConcurrencyConfigsCommand({ FunctionName })
    const reply = await client.send(command, { abortSignal })
    return rowsOf(reply.ProvisionedConcurrencyConfigs, (row) => ({
      Qualifier: qualifierOf(row['FunctionArn']),
      Requested: row['RequestedProvisionedConcurrentExecutions'],
      Allocated: row['AllocatedProvisionedConcurrentExecutions'],
      Status: row['Status'],
    }))
  },
}

const ALIASES: DetailReader = {
  fact: 'aliases',
  action: 'lambda:ListAliases',
  gives: 'aliases and their weights on objects',
  read: async (client, FunctionName, abortSignal) => {
    const { ListAliasesCommand } = await import('@aws-sdk/client-lambda')
    const reply = await client.send(new ListAliasesCommand({ FunctionName }), { abortSignal })
    return rowsOf(reply.Aliases, (row) => ({
      Name: row['Name'],
      FunctionVersion: row['FunctionVersion'],
      AdditionalVersionWeights: (row['RoutingConfig'] as Row | undefined)?.['AdditionalVersionWeights'],
    }))
  },
}

const URLS: DetailReader = {
  fact: 'urls',
  action: 'lambda:ListFunctionUrlConfigs',
  gives: 'function URLs on objects',
  read: async (client, FunctionName, abortSignal) => {
    const { ListFunctionUrlConfigsCommand } = await import('@aws-sdk/client-lambda')
    const reply = await client.send(new ListFunctionUrlConfigsCommand({ FunctionName }), { abortSignal })
    return rowsOf(reply.FunctionUrlConfigs, (row) => ({
      FunctionUrl: row['FunctionUrl'],
      AuthType: row['AuthType'],
      InvokeMode: row['InvokeMode'],
      Qualifier: qualifierOf(row['FunctionArn']),
    }))
  },
}

const EVENT_INVOKE: DetailReader = {
  fact: 'eventInvoke',
  action: 'lambda:ListFunctionEventInvokeConfigs',
  gives: 'settings of asynchronous invocation on objects',
  read: async (client, FunctionName, abortSignal) => {
    const { ListFunctionEventInvokeConfigsCommand } = await import('@aws-sdk/client-lambda')
    const command = new ListFunctionEventInvokeConfigsCommand({ FunctionName })
    const reply = await client.send(command, { abortSignal })
    return rowsOf(reply.FunctionEventInvokeConfigs, (row) => ({
      Qualifier: qualifierOf(row['FunctionArn']),
      MaximumRetryAttempts: row['MaximumRetryAttempts'],
      MaximumEventAgeInSeconds: row['MaximumEventAgeInSeconds'],
      DestinationConfig: row['DestinationConfig'],
    }))
  },
}

const RECURSION: DetailReader = {
  fact: 'recursion',
  action: 'lambda:GetFunctionRecursionConfig',
  gives: 'the setting against recursive loops on objects',
  read: async (client, FunctionName, abortSignal) => {
    const { GetFunctionRecursionConfigCommand } = await import('@aws-sdk/client-lambda')
    const reply = await client.send(new GetFunctionRecursionConfigCommand({ FunctionName }), { abortSignal })
    return readText(reply.RecursiveLoop) ?? null
  },
}

/** Everything that is asked of one function, one call each. */
export const DETAIL_READERS: readonly DetailReader[] = [
  RESERVED,
  PROVISIONED,
  ALIASES,
  URLS,
  EVENT_INVOKE,
  RECURSION,
]
