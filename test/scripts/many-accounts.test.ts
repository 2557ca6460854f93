import { describe, expect, it } from 'vitest'
import type { Account } from '../../core/dff.ts'
import { CloudwatchCollector } from '../../scripts/guance_aws_cloudwatch/main.ts'
import { LambdaCollector } from '../../scripts/guance_aws_lambda/main.ts'
import { Runner } from '../../scripts/guance_integration/main.ts'
import { FIRST_TRIGGER_MS, NO_WAIT } from './aws-fixture.ts'
import { brokeredRun, startBrokeredAws } from './brokered-aws.ts'
import { makeStore } from './run-context.ts'

const ACCOUNT_IDS = ['111111111111', '222222222222', '333333333333']
const TARGETS = [{ namespace: 'AWS/Lambda', metrics: ['Invocations'] }]

async function start() {
  const aws = await startBrokeredAws({ functions: 4, regions: ['us-east-1'], accountIds: ACCOUNT_IDS })
  const accounts = ACCOUNT_IDS.map((id): Account => ({
    ...aws.roleOf(id),
    extra_tags: { account_name: `name of ${id}` },
  }))
  return { ...aws, accounts }
}

/** What a Startup script of several accounts says, one line for each. */
function scriptOf(accounts: readonly Account[]) {
  return Runner(
    accounts.flatMap((account) => [
      LambdaCollector(account, { regions: ['us-east-1'], object_name: 'arn' }, { backoff: NO_WAIT }),
      CloudwatchCollector(account, { regions: ['us-east-1'], targets: TARGETS }, NO_WAIT),
    ]),
  )
}

describe('several accounts of one Startup script', () => {
  it('are collected each under its own id and tags', async () => {
    const { broker, accounts } = await start()
    const store = makeStore()
    const run = brokeredRun(store, broker, { triggerTimeMs: FIRST_TRIGGER_MS })
    await scriptOf(accounts).run(run)
    expect(run.problems).toEqual([])
    for (const category of ['custom_object', 'metric']) {
      const points = store.points.filter((point) => point.category === category)
      expect(new Set(points.map(({ tags }) => tags['account_id']))).toEqual(new Set(ACCOUNT_IDS))
      for (const { tags } of points) expect(tags['account_name']).toBe(`name of ${tags['account_id']}`)
    }
    const expected = await scriptOf(accounts).expected?.(run)
    expect(expected?.objects[0]?.names).toHaveLength(12)
  })

  it('fail alone: what the others gave is committed, and the record names the one', async () => {
    const { simulator, broker, accounts } = await start()
    simulator.control('iam', { accountId: '222222222222', externalId: 'another' })
    const store = makeStore()
    const run = brokeredRun(store, broker, { triggerTimeMs: FIRST_TRIGGER_MS })
    await expect(scriptOf(accounts).run(run)).rejects.toMatchObject({
      code: 'TASK_FAILED',
      message: expect.stringContaining('222222222222:role/guance-collector') as string,
    })
    expect(new Set(store.points.map(({ tags }) => tags['account_id']))).toEqual(
      new Set(['111111111111', '333333333333']),
    )
    expect(run.problems.every(({ code }) => code === 'CREDENTIALS_REFUSED')).toBe(true)
  })

  it('have a policy each', async () => {
    const { broker, accounts } = await start()
    const run = brokeredRun(makeStore(), broker, { triggerTimeMs: FIRST_TRIGGER_MS })
    const access = (await scriptOf(accounts).access?.(run)) ?? []
    expect(new Set(access.map(({ accountId }) => accountId))).toEqual(new Set(ACCOUNT_IDS))
  })
})
