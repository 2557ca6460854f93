import { type Check, DffError, type Problem, REGIONS, type RunContext } from 'guance-aws-lambda/dff'
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
function findWrongPartition(
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

/** One IAM action to try in a region: what `dff doctor` shows for it. */
export interface ActionProbe {
  readonly action: string
  /** What is missing without it. */
  readonly gives: string
  readonly isOptional?: true
  readonly send: (region: AwsRegion) => Promise<unknown>
}

async function probe(region: AwsRegion, { action, gives, isOptional, send }: ActionProbe): Promise<Check> {
  const base = { id: `${action}@${region.scope}`, title: `${action} in ${region.scope}` }
  try {
    await send(region)
    return { ...base, status: 'ok', detail: `${action} is allowed.` }
  } catch (error) {
    const problem = makeProblem(error, region.scope)
    const remedy =
      problem.action === undefined ? {} : { remedy: `Allow ${problem.action}: without it, no ${gives}.` }
    return { ...base, status: isOptional === true ? 'warning' : 'failed', detail: problem.message, ...remedy }
  }
}

/** Tries every probe in every region of the account; a refused action is a failed check, never an exception. */
export async function probeRegions(
  { context, account, regions }: RegionRun,
  probes: readonly ActionProbe[],
): Promise<Check[]> {
  const checks = await mapConcurrently(regions, context.concurrency, async (name): Promise<Check[]> => {
    const misplaced = findWrongPartition(account, name)
    if (misplaced !== undefined) {
      const { scope, message } = misplaced
      return [{ id: `partition@${scope}`, status: 'failed', title: `Partition of ${scope}`, detail: message }]
    }
    return Promise.all(probes.map(async (one) => probe(account.region(name), one)))
  })
  return checks.flat()
}
