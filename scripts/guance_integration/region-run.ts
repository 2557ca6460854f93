import { DffError, type Problem, REGIONS, type RunContext } from 'guance-aws-lambda/dff'
import type { AwsAccount } from './aws-account.ts'
import { makeProblem } from './aws-error.ts'
import type { AwsRegion } from './aws-region.ts'
import type { RegionResult } from './collector.ts'
import { mapConcurrently } from './concurrency.ts'

/** The host will take nothing more from this task: going on would only spend AWS requests. */
export function isFatal(error: unknown): boolean {
  return error instanceof DffError && (error.code === 'LEASE_LOST' || error.code === 'OUTBOX_FULL')
}

/** Credentials never cross partitions (aws.md §6.1): the problem when a region is of another one, else undefined. */
export function findWrongPartition(
  account: Pick<AwsAccount, 'accountId' | 'partition'>,
  region: string,
): Problem | undefined {
  const partition = REGIONS[region]?.partition
  if (partition === undefined || partition === account.partition) return undefined
  return {
    code: 'wrong-partition',
    severity: 'error',
    scope: `${account.accountId}/${region}`,
    message: `${region} belongs to partition ${partition}, the credentials to ${account.partition}. Remove the region, or give it an account of its own with keys of that partition.`,
  }
}

interface RegionRun {
  readonly context: RunContext
  readonly account: AwsAccount
  readonly regions: readonly string[]
}

/** Runs `collect` for each region, several at once; a region that fails is reported and never stops the others. */
export async function collectRegions(
  { context, account, regions }: RegionRun,
  collect: (region: AwsRegion) => Promise<RegionResult>,
): Promise<RegionResult[]> {
  const fail = (problem: Problem): RegionResult => {
    context.report(problem)
    return { kind: 'failed', scope: problem.scope, problem }
  }
  return mapConcurrently(regions, context.concurrency, async (name) => {
    const misplaced = findWrongPartition(account, name)
    if (misplaced !== undefined) return fail(misplaced)
    const region = account.region(name)
    try {
      return await collect(region)
    } catch (error) {
      context.signal.throwIfAborted()
      if (isFatal(error)) throw error
      return fail(makeProblem(error, region.scope))
    }
  })
}
