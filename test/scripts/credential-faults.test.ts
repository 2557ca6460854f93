import { describe, expect, it } from 'vitest'
import type { Account } from '../../core/dff.ts'
import type { Broker } from '../../runner/credentials/broker.ts'
import { CloudwatchCollector } from '../../scripts/guance_aws_cloudwatch/main.ts'
import { LambdaCollector } from '../../scripts/guance_aws_lambda/main.ts'
import { Runner } from '../../scripts/guance_integration/main.ts'
import { FIRST_TRIGGER_MS, FIVE_MINUTES_MS, NO_WAIT } from './aws-fixture.ts'
import { brokeredRun, startBrokeredAws } from './brokered-aws.ts'
import { makeStore, type TestRun, type TestStore } from './run-context.ts'

const ACCOUNT_ID = '111111111111'
const MINUTE_MS = 60_000
const CONFIGS = { regions: ['us-east-1', 'eu-west-1'] as ['us-east-1', 'eu-west-1'] }
const TARGETS = [{ namespace: 'AWS/Lambda', metrics: ['Invocations', 'Duration'] }]
const DENY_ALL = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Deny', Action: '*', Resource: '*' }],
}

/** As the console's "Revoke active sessions" writes it. */
function revokedNow(): object {
  const Condition = { DateLessThan: { 'aws:TokenIssueTime': new Date().toISOString() } }
  const Statement = [
    { Effect: 'Allow', Action: '*', Resource: '*' },
    { Effect: 'Deny', Action: '*', Resource: '*', Condition },
  ]
  return { Version: '2012-10-17', Statement }
}

/** One account reached by a role, a host's broker whose clock the test sets, and a simulated AWS. */
async function start() {
  const clock = { nowMs: Date.now() }
  const { simulator, broker, roleOf } = await startBrokeredAws(
    { functions: 4, regions: CONFIGS.regions, accountIds: [ACCOUNT_ID] },
    { now: () => clock.nowMs },
  )
  const account = roleOf(ACCOUNT_ID)
  const count = (action: string): number =>
    (simulator.control('counters') as { requests: Record<string, number> }).requests[action] ?? 0
  return { simulator, broker, account, clock, count }
}

interface Poll {
  readonly broker: Broker
  readonly account: Account
  readonly store: TestStore
  readonly number?: number
  /** Called at the commit of so manieth place. */
  readonly at?: { readonly commit: number; readonly act: () => void }
}

/** One poll of objects and metrics; what failed it beside its record. */
async function poll({
  broker,
  account,
  store,
  number = 0,
  at,
}: Poll): Promise<TestRun & { failure: unknown }> {
  let commits = 0
  const run = brokeredRun(store, broker, {
    triggerTimeMs: FIRST_TRIGGER_MS + number * FIVE_MINUTES_MS,
    concurrency: 1,
    beforeCommit: () => {
      commits += 1
      if (commits === at?.commit) at.act()
    },
  })
  const script = Runner([
    LambdaCollector(account, CONFIGS, { backoff: NO_WAIT }),
    CloudwatchCollector(account, { ...CONFIGS, targets: TARGETS }, NO_WAIT),
  ])
  const failure: unknown = await script.run(run).then(
    () => undefined,
    (error: unknown) => error,
  )
  return { ...run, failure }
}

describe('a session that ends in mid-run', () => {
  it('is replaced without a problem, and everything arrives', async () => {
    const { simulator, broker, account, clock, count } = await start()
    const store = makeStore()
    const expire = (): void => {
      clock.nowMs += 2 * MINUTE_MS
      simulator.control('sessions/expire', {})
    }
    const { problems, failure } = await poll({ broker, account, store, at: { commit: 2, act: expire } })
    expect([problems, failure]).toEqual([[], undefined])
    expect(count('sts:AssumeRole')).toBe(2)
    const regions = store.points
      .filter(({ category }) => category === 'metric')
      .map(({ tags }) => tags['RegionId'])
    expect(new Set(regions)).toEqual(new Set(CONFIGS.regions))
  })

  it('and whose role may not be assumed any more fails the regions by name, loses nothing, and heals', async () => {
    const { simulator, broker, account, clock } = await start()
    const revoke = (): void => {
      clock.nowMs += 2 * MINUTE_MS
      simulator.control('sessions/expire', {})
      simulator.control('denials', { actions: ['sts:AssumeRole'] })
    }
    const store = makeStore()
    const { problems, failure } = await poll({ broker, account, store, at: { commit: 2, act: revoke } })
    expect(failure).toMatchObject({ code: 'TASK_FAILED' })
    expect(new Set(problems.map(({ code }) => code))).toEqual(new Set(['CREDENTIALS_REFUSED']))
    expect(problems[0]?.message).toContain(`role ${simulator.info.roleArn}`)
    simulator.control('denials', { actions: [] })
    const healed = await poll({ broker, account, store, number: 1 })
    expect([healed.problems, healed.failure]).toEqual([[], undefined])
    const untouched = await poll({ broker, account, store: makeStore(), number: 1 })
    expect(untouched.failure).toBeUndefined()
  })
})

describe('a renewal that fails', () => {
  it('leaves the old session in use, and the record warns of it once', async () => {
    const { simulator, broker, account, clock } = await start()
    const store = makeStore()
    await poll({ broker, account, store })
    simulator.control('denials', { actions: ['sts:AssumeRole'] })
    clock.nowMs += 45 * MINUTE_MS
    // The first one only finds that it is time.
    await poll({ broker, account, store, number: 1 })
    await broker.settled()
    const { problems, failure } = await poll({ broker, account, store, number: 2 })
    expect(failure).toBeUndefined()
    expect(problems).toMatchObject([{ code: 'not-renewed', severity: 'warning', scope: ACCOUNT_ID }])
    expect(problems[0]?.message).toMatch(/stays in use until .* cannot be renewed: .*AccessDenied/)
  })
})

describe('sessions that somebody revokes', () => {
  it('are replaced once, and what is denied to the next as well is told as a denial', async () => {
    const { simulator, broker, account, clock, count } = await start()
    const store = makeStore()
    await poll({ broker, account, store })
    clock.nowMs += 5 * MINUTE_MS
    simulator.control('iam', { role: DENY_ALL })
    const { problems, failure } = await poll({ broker, account, store, number: 1 })
    expect(failure).toBeDefined()
    expect(new Set(problems.map(({ code }) => code))).toEqual(new Set(['forbidden']))
    expect(problems[0]?.message).toContain('a policy denies it explicitly')
    expect(count('sts:AssumeRole')).toBe(2)
  })

  it('work again at once when the next ones are let in', async () => {
    const { simulator, broker, account, clock, count } = await start()
    const store = makeStore()
    await poll({ broker, account, store })
    clock.nowMs += 5 * MINUTE_MS
    simulator.control('iam', { role: revokedNow() })
    const { problems, failure } = await poll({ broker, account, store, number: 1 })
    expect([problems, failure]).toEqual([[], undefined])
    expect(count('sts:AssumeRole')).toBe(2)
  })
})
