import { expect, it } from 'vitest'
import { BillingCollector } from '../../scripts/guance_aws_billing/main.ts'
import { CloudwatchCollector } from '../../scripts/guance_aws_cloudwatch/main.ts'
import { CloudwatchLogsCollector } from '../../scripts/guance_aws_cloudwatchlogs/main.ts'
import { type Collector, Runner } from '../../scripts/guance_integration/main.ts'
import { LambdaCollector } from '../../scripts/guance_aws_lambda/main.ts'
import { FIRST_TRIGGER_MS } from './aws-fixture.ts'
import { makeRun, makeStore, SESSION } from './run-context.ts'

const REGIONS: ['us-east-1'] = ['us-east-1']

it('collectors of every set say whose they are, so that those of one account run one after the other', async () => {
  const account = { extra_tags: { account_name: 'a', account_id: SESSION.accountId } }
  const targets = [{ namespace: 'AWS/Lambda', metrics: ['Invocations'] }]
  const collectors = [
    LambdaCollector(account, { regions: REGIONS }),
    CloudwatchCollector(account, { regions: REGIONS, targets }),
    CloudwatchLogsCollector(account, { auto: { regions: REGIONS } }),
    BillingCollector(account),
  ]
  const run = makeRun(makeStore(), { triggerTimeMs: FIRST_TRIGGER_MS, session: SESSION })
  const ids = await Promise.all(collectors.map(async (one) => one.accountId?.(run)))
  expect(ids).toEqual(collectors.map(() => SESSION.accountId))
})

it('collectors of one account begin when the one before has ended', async () => {
  const steps: string[] = []
  const collectorOf = (name: string): Collector => ({
    name,
    accountId: async () => SESSION.accountId,
    run: async () => {
      steps.push(`${name} begins`)
      await Promise.resolve()
      steps.push(`${name} ends`)
      return []
    },
    expected: async () => ({ objects: [], metrics: [] }),
    doctor: async () => [],
  })
  const run = makeRun(makeStore(), { triggerTimeMs: FIRST_TRIGGER_MS, session: SESSION })
  await Runner(['objects', 'metrics', 'logs'].map(collectorOf)).run(run)
  expect(steps).toEqual(['objects', 'metrics', 'logs'].flatMap((name) => [`${name} begins`, `${name} ends`]))
})
