import { type Check, MINUTE_MS, type RunContext } from 'guance-aws-lambda/dff'
import { isAbsent } from './absent.ts'
import type { AwsAccount } from './aws-account.ts'
import { AwsFailure, makeProblem } from './aws-error.ts'
import type { AwsRegion } from './aws-region.ts'
import { mapConcurrently } from './concurrency.ts'
import { findWrongPartition } from './region-run.ts'

/** Signatures are refused at five minutes; at one, windows begin to be wrong. */
const MAX_SKEW_MS = MINUTE_MS

/** One IAM action to try in a region: what `dff doctor` shows for it. */
export interface ActionProbe {
  readonly action: string
  /** What is missing without it. */
  readonly gives: string
  readonly isOptional?: true
  /** What a policy can limit it to; left out where that is nothing. */
  readonly on?: 'function' | 'log-group'
  /** Besides those of the account, as in `AccessAction`; those of the account itself may be among them. */
  readonly sharedArns?: readonly string[]
  readonly send: (region: AwsRegion) => Promise<unknown>
}

/** A policy of one's own helps against the want of a permission alone. */
export function remedyOf(error: unknown, gives: string): { readonly remedy?: string } {
  if (!(error instanceof AwsFailure) || error.kind !== 'forbidden' || error.deniedBy !== undefined) return {}
  return { remedy: `Allow ${error.action}: without it, no ${gives}. dff policy prints the whole policy.` }
}

async function probe(region: AwsRegion, { action, gives, isOptional, send }: ActionProbe): Promise<Check> {
  const base = { id: `${action}@${region.scope}`, title: `${action} in ${region.scope}` }
  const ok = { ...base, status: 'ok', detail: `${action} is allowed.` } as const
  try {
    await send(region)
    return ok
  } catch (error) {
    // AWS asks for permission before it looks: what is not there was allowed to be asked for.
    if (isAbsent(error)) return ok
    if (error instanceof AwsFailure && error.kind === 'region-not-enabled') throw error
    const { message } = makeProblem(error, region.scope)
    const status = isOptional === true ? 'warning' : 'failed'
    return { ...base, status, detail: message, ...remedyOf(error, gives) }
  }
}

/** All probes of a region; where the region itself is the cause, that is one check and not one for each action. */
async function probeRegion(region: AwsRegion, probes: readonly ActionProbe[]): Promise<Check[]> {
  const { scope } = region
  try {
    return await Promise.all(probes.map(async (one) => probe(region, one)))
  } catch (error) {
    if (!(error instanceof AwsFailure)) throw error
    return [{ id: `region@${scope}`, status: 'failed', title: `${scope} is enabled`, detail: error.message }]
  }
}

function checkClock({ accountId }: AwsAccount, regions: readonly AwsRegion[]): Check[] {
  const known = regions.find(({ clock }) => clock.isKnown())
  const skewMs = known === undefined ? 0 : Date.now() - known.clock.awsNowMs()
  if (Math.abs(skewMs) <= MAX_SKEW_MS) return []
  const direction = skewMs > 0 ? 'ahead of' : 'behind'
  return [
    {
      id: `clock@${accountId}`,
      status: 'failed',
      title: "This machine's clock agrees with AWS's",
      detail: `It is ${Math.round(Math.abs(skewMs) / 1_000)} s ${direction} AWS's.`,
      remedy: 'Let NTP correct it: AWS refuses signatures that are five minutes off.',
    },
  ]
}

/** Tries every probe in every region of the account; a refused action is a failed check, never an exception. */
export async function probeRegions(
  {
    context,
    account,
    regions,
  }: { readonly context: RunContext; readonly account: AwsAccount; readonly regions: readonly string[] },
  probes: readonly ActionProbe[],
): Promise<Check[]> {
  const asked: AwsRegion[] = []
  const checks = await mapConcurrently(regions, context.concurrency, async (name): Promise<Check[]> => {
    const misplaced = findWrongPartition(account, name)
    if (misplaced !== undefined) {
      const { scope, message } = misplaced
      return [{ id: `partition@${scope}`, status: 'failed', title: `Partition of ${scope}`, detail: message }]
    }
    const region = account.region(name)
    asked.push(region)
    return probeRegion(region, probes)
  })
  return [...checks.flat(), ...checkClock(account, asked)]
}
