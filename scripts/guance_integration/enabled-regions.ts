import { homeRegion } from './home-region.ts'
import { type Check, REGIONS, type RunContext } from 'guance-aws-lambda/dff'
import { type ActionProbe, remedyOf } from './action-probe.ts'
import type { AwsAccount } from './aws-account.ts'
import { AwsFailure, makeProblem } from './aws-error.ts'
import type { RegionChoice } from './region-choice.ts'
import { readList, readToken } from './reply.ts'

const ACTION = 'account:ListRegions'

/** 50 a page, and AWS has fewer than that. */
const MAX_PAGES = 20

/** Every region of the account's partition that this version knows. */
function knownRegions({ partition }: AwsAccount): readonly string[] {
  return Object.entries(REGIONS).flatMap(([name, region]) => (region.partition === partition ? [name] : []))
}

interface ListedRegion {
  readonly RegionName?: string
}

/** Enabled regions as AWS lists them. Throws AwsFailure. */
async function fetchEnabledRegions(account: AwsAccount): Promise<readonly string[]> {
  const { ListRegionsCommand } = await import('@aws-sdk/client-account')
  const region = homeRegion(account)
  const client = await region.account()
  const names: string[] = []
  let token: string | undefined
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const given = token
    const command = new ListRegionsCommand({
      RegionOptStatusContains: ['ENABLED', 'ENABLED_BY_DEFAULT'],
      ...(given === undefined ? {} : { NextToken: given }),
    })
    // One page after the other: each one names the next.
    const reply = await region.call(ACTION, async (abortSignal) => {
      const { Regions, NextToken } = await client.send(command, { abortSignal })
      return {
        list: readList<ListedRegion>(Regions, 'regions', ['RegionName']),
        token: readToken(NextToken, given),
      }
    })
    names.push(...reply.list.flatMap(({ RegionName }) => RegionName ?? []))
    token = reply.token
    if (token === undefined) return names
  }
  throw new AwsFailure('transient', ACTION, new Error(`no last page among ${MAX_PAGES}`))
}

/**
 * Enabled regions of an account. Where AWS may not be asked for them, every region of the partition: those that are not
 * enabled then say so themselves. Throws AwsFailure.
 */
export async function listEnabledRegions(
  context: RunContext,
  account: AwsAccount,
): Promise<readonly string[]> {
  try {
    return await fetchEnabledRegions(account)
  } catch (error) {
    if (!(error instanceof AwsFailure) || error.kind !== 'forbidden') throw error
    context.log(`${account.accountId}: every region of ${account.partition} is tried: ${error.message}`)
    return knownRegions(account)
  }
}

/** What `auto` needs beside what is collected. */
export const REGIONS_PROBE: ActionProbe = {
  action: ACTION,
  gives: 'list of the enabled regions: every one of the partition is tried instead',
  isOptional: true,
  send: async () => undefined,
}

/** Whether the enabled regions may be listed; no check where they are named. */
export async function examineRegions(account: AwsAccount, choice: RegionChoice): Promise<Check[]> {
  if (choice !== 'auto') return []
  const { accountId } = account
  const base = { id: `${ACTION}@${accountId}`, title: `${ACTION} in ${accountId}` }
  try {
    const regions = await fetchEnabledRegions(account)
    return [{ ...base, status: 'ok', detail: `${regions.length} regions are enabled.` }]
  } catch (error) {
    const { message } = makeProblem(error, accountId)
    return [{ ...base, status: 'warning', detail: message, ...remedyOf(error, REGIONS_PROBE.gives) }]
  }
}
