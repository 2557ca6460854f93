import { describe, expect, inject, it } from 'vitest'
import type { Account, CollectorConfigs } from '../../../core/dff.ts'
import { CloudwatchCollector } from '../../../scripts/guance_aws_cloudwatch/main.ts'
import { LambdaCollector } from '../../../scripts/guance_aws_lambda/main.ts'
import { Runner } from '../../../scripts/guance_integration/main.ts'
import type { InventoryReport } from '../../../simulator/control/inventory-audit.ts'
import type { Counters } from '../../../simulator/counters.ts'
import { parseFleet } from '../../../simulator/fleet-file.ts'
import {
  accountIdsOf,
  DISABLED_REGION,
  fleetOf,
  type Organization,
  ORGANIZATION_REGIONS,
  policiesOf,
  pollTimesOf,
  refusalsOf,
  RESOURCE_TAGS,
} from '../../../tools/organization.ts'
import { deliver, NO_WAIT } from '../../scripts/aws-fixture.ts'
import { brokeredRun, startBrokeredAws } from '../../scripts/brokered-aws.ts'
import { makeStore, type TestRun } from '../../scripts/run-context.ts'

const ORGANIZATION: Organization = {
  accounts: 40,
  regions: ORGANIZATION_REGIONS,
  functions: inject('length') === 'long' ? 10_000 : 1_200,
  startMs: Date.parse('2026-11-20T12:00:00Z'),
  polls: 6,
  changesPerPoll: 120,
}
const REGIONS = [...ORGANIZATION.regions, DISABLED_REGION] as CollectorConfigs['regions']
const SAME = { missing: 0, wrong: 0, extra: 0 }

/** What the Startup script of `editStartup` runs, in this process. */
function scriptOf(accounts: readonly Account[]) {
  const configs: CollectorConfigs = {
    regions: REGIONS,
    object_name: 'arn',
    details: false,
    resource_tags: [...RESOURCE_TAGS],
  }
  const targets = [{ namespace: 'AWS/Lambda', metrics: ['Invocations'] }]
  return Runner(
    accounts.flatMap((account) => [
      LambdaCollector(account, configs, { backoff: NO_WAIT }),
      CloudwatchCollector(account, { regions: REGIONS, targets, object_tags: [...RESOURCE_TAGS] }, NO_WAIT),
    ]),
  )
}

async function startOrganization() {
  const aws = await startBrokeredAws(parseFleet(fleetOf(ORGANIZATION)))
  for (const policy of policiesOf(ORGANIZATION)) aws.simulator.control('iam', policy)
  const accounts = accountIdsOf(ORGANIZATION).map((id): Account => ({
    ...aws.roleOf(id),
    extra_tags: { account_name: `account ${id}` },
  }))
  return { ...aws, accounts, refusals: refusalsOf(ORGANIZATION) }
}

function problemsOf({ problems }: TestRun, code: string): ReadonlySet<string> {
  return new Set(problems.flatMap((problem) => (problem.code === code ? [problem.scope] : [])))
}

describe('an organization of 40 accounts in 6 regions', () => {
  it('has the objects, tags and events that AWS’s truth has, whatever happens while it is collected', async () => {
    const { simulator, broker, accounts, refusals } = await startOrganization()
    const store = makeStore()
    const runs: TestRun[] = []
    let delivered = 0
    const times = pollTimesOf(ORGANIZATION)
    for (const triggerTimeMs of times) {
      // It goes on while functions are listed: some come and go meanwhile.
      simulator.control('clock', { nowMs: triggerTimeMs, frozen: false })
      const run = brokeredRun(store, broker, { triggerTimeMs })
      // The account that lets nobody in fails the task, and nothing else.
      await expect(scriptOf(accounts).run(run)).rejects.toMatchObject({
        code: 'TASK_FAILED',
        message: expect.stringContaining(refusals.closed) as string,
      })
      runs.push(run)
      await deliver(simulator.url, store.points.slice(delivered))
      delivered = store.points.length
    }
    const span = { sinceMs: ORGANIZATION.startMs, untilMs: times.at(-1) ?? 0 }
    const tags = Object.fromEntries(RESOURCE_TAGS.map((key) => [key, key]))
    const closed = new Set<string>(Object.values(refusals))
    const accountIds = accountIdsOf(ORGANIZATION).filter((id) => !closed.has(id))
    const judged = simulator.control('audit/inventory', { ...span, accountIds, tags }) as InventoryReport
    expect(judged).toMatchObject({ objects: SAME, events: SAME, metricTags: SAME, samples: [] })
    expect(judged.objects.expected).toBeGreaterThan(0.9 * ORGANIZATION.functions)
    expect(judged.events.expected).toBeGreaterThan(300)
    expect(judged.metricTags.expected).toBeGreaterThan(50)
    const untagged = simulator.control('audit/inventory', {
      ...span,
      accountIds: [refusals.untagged],
    }) as InventoryReport
    expect(untagged).toMatchObject({
      objects: { ...SAME, expected: expect.any(Number) as number },
      samples: [],
    })
    const [last] = runs.slice(-1)
    if (last === undefined) throw new Error('no run')
    expect(problemsOf(last, 'tags-unread').size).toBe(ORGANIZATION.regions.length)
    expect([...problemsOf(last, 'tags-unread')].every((scope) => scope.startsWith(refusals.untagged))).toBe(
      true,
    )
    expect(
      [...problemsOf(last, 'region-not-enabled')].every((scope) => scope.endsWith(DISABLED_REGION)),
    ).toBe(true)
    const { requests } = simulator.control('counters') as Counters
    // A page of functions, one of mappings for each region and poll; versions once; the account's limits from the second poll on.
    const places = ORGANIZATION.accounts * (ORGANIZATION.regions.length + 1)
    expect(requests['lambda:ListFunctions']).toBeLessThan(places * (ORGANIZATION.polls + 3))
  }, 600_000)
})
