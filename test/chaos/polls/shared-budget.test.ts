import { expect, it } from 'vitest'
import { CloudwatchCollector } from '../../../scripts/guance_aws_cloudwatch/main.ts'
import { Runner } from '../../../scripts/guance_integration/main.ts'
import { FIRST_TRIGGER_MS, NO_WAIT, SEED_METRICS } from '../../scripts/aws-fixture.ts'
import { brokeredRun, startBrokeredAws } from '../../scripts/brokered-aws.ts'
import { makeStore } from '../../scripts/run-context.ts'

const ACCOUNT_IDS = ['111111111111', '222222222222']
const POLL_MS = 5 * 60_000

/** Both accounts polled by one Startup script under one limit; billed metrics by poll and account. */
async function pollBoth(perPollInAll: number, polls: number) {
  const { simulator, broker, roleOf } = await startBrokeredAws({
    functions: 12,
    regions: ['us-east-1'],
    accountIds: ACCOUNT_IDS,
  })
  const configs = {
    regions: ['us-east-1' as const],
    policy: 'everything' as const,
    targets: [{ namespace: 'AWS/Lambda', metrics: SEED_METRICS }],
    budget: { perPollInAll },
  }
  const script = Runner(ACCOUNT_IDS.map((id) => CloudwatchCollector(roleOf(id), configs, NO_WAIT)))
  const store = makeStore()
  const billed: number[][] = []
  for (let poll = 0; poll < polls; poll += 1) {
    const triggerTimeMs = FIRST_TRIGGER_MS + poll * POLL_MS
    simulator.control('clock', { nowMs: triggerTimeMs, frozen: true })
    const run = brokeredRun(store, broker, { triggerTimeMs })
    // Who gets nothing fails the first polls, until both have given something up.
    await script.run(run).catch(() => undefined)
    billed.push(
      ACCOUNT_IDS.map((id) =>
        run.usage.reduce((sum, one) => sum + (one.accountId === id ? one.billedMetrics : 0), 0),
      ),
    )
  }
  return billed
}

it('a limit over all accounts is shared: none goes on whole while another gets nothing', async () => {
  const free = await pollBoth(1_000_000, 3)
  const [first = 0] = free.at(-1) ?? []
  const billed = await pollBoth(Math.round(1.2 * first), 24)
  const sums = ACCOUNT_IDS.map((_, index) =>
    billed.slice(6).reduce((sum, poll) => sum + (poll[index] ?? 0), 0),
  )
  expect(Math.min(...sums)).toBeGreaterThan(0.5 * Math.max(...sums))
}, 60_000)
