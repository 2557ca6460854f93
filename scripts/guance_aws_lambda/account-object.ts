import type { FieldValue, Point } from 'guance-aws-lambda/dff'
import { type AwsRegion, readNumber } from 'guance-aws-lambda/sets/guance_integration'
import type { ObjectsRun } from './commit-objects.ts'
import { presentFields } from './function-fields.ts'

/** Class of the objects of accounts: one for each region, because Lambda's limits are the region's. */
const ACCOUNT_CLASS = 'aws_lambda_account'

const ACTION = 'lambda:GetAccountSettings'

/** Limits and use of one region of one account. */
export interface AccountSettings {
  readonly fields: Readonly<Record<string, FieldValue>>
  /** Whether some function has concurrency reserved; true where AWS does not say. */
  readonly hasReserved: boolean
}

/** Asks for limits and use. Throws AwsFailure. */
export async function readAccountSettings(region: AwsRegion): Promise<AccountSettings> {
  const { GetAccountSettingsCommand } = await import('@aws-sdk/client-lambda')
  const client = await region.lambda()
  const { AccountLimit, AccountUsage } = await region.call(ACTION, async (abortSignal) =>
    client.send(new GetAccountSettingsCommand({}), { abortSignal }),
  )
  const concurrent = readNumber(AccountLimit?.ConcurrentExecutions)
  const unreserved = readNumber(AccountLimit?.UnreservedConcurrentExecutions)
  return {
    hasReserved: concurrent === undefined || unreserved === undefined || unreserved < concurrent,
    fields: presentFields({
      ConcurrentExecutionsLimit: concurrent,
      UnreservedConcurrentExecutions: unreserved,
      TotalCodeSizeLimit: readNumber(AccountLimit?.TotalCodeSize),
      TotalCodeSize: readNumber(AccountUsage?.TotalCodeSize),
      FunctionCount: readNumber(AccountUsage?.FunctionCount),
      message: JSON.stringify({ AccountLimit, AccountUsage }, (_key, value: unknown) =>
        typeof value === 'bigint' ? String(value) : value,
      ),
    }),
  }
}

/** The object of a region of an account; sizes in bytes. */
export function makeAccountObject(
  { fields }: AccountSettings,
  { context, account, cloudProvider }: ObjectsRun,
  { accountId, region, scope }: AwsRegion,
): Point {
  const extra = Object.entries(account.account.extra_tags ?? {}).filter(([, value]) => value !== '')
  return {
    category: 'custom_object',
    measurement: ACCOUNT_CLASS,
    timeMs: context.triggerTimeMs,
    tags: {
      ...Object.fromEntries(extra),
      name: scope,
      RegionId: region,
      cloud_provider: cloudProvider,
      account_id: accountId,
    },
    fields,
  }
}
