import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Script } from '../../core/dff.ts'
import { CloudwatchCollector } from '../../scripts/guance_aws_cloudwatch/main.ts'
import { LambdaCollector } from '../../scripts/guance_aws_lambda/main.ts'
import { type Backoff, Runner } from '../../scripts/guance_integration/main.ts'
import {
  type Aws,
  COMPLETE,
  deployedScript,
  expectNoPointTwice,
  FIRST_TRIGGER_MS,
  FIVE_MINUTES_MS,
  NO_WAIT,
  startAws,
} from './aws-fixture.ts'
import { makeRun, makeStore, type TestRun, type TestStore } from './run-context.ts'

const REGIONS = ['us-east-1', 'eu-west-1']
/** The longest horizon: three minutes and Lambda's longest timeout. */
const DELAY_MS = 18 * 60_000
/** Three hours before the shortest horizon. */
const FIRST_LOOK_MS = 165 * 60_000
const ONE_ATTEMPT: Backoff = { ...NO_WAIT, attempts: 1 }

let aws: Aws

beforeAll(async () => {
  aws = await startAws({ functions: 120, regions: REGIONS })
})

afterAll(async () => aws.close())

afterEach(async () => {
  await aws.control('POST', 'denials', { actions: [] })
  await aws.control('POST', 'faults', { clear: true })
  await aws.control('POST', 'counters/reset')
})

function script(regions: readonly string[] = REGIONS, backoff: Backoff = NO_WAIT): Script {
  return deployedScript(regions, backoff)
}

function runAt(store: TestStore, number: number): TestRun {
  return makeRun(store, { triggerTimeMs: FIRST_TRIGGER_MS + number * FIVE_MINUTES_MS, session: aws.session })
}

/** Up to here run `number` has published every function. */
function endOf(number: number): number {
  return FIRST_TRIGGER_MS + number * FIVE_MINUTES_MS - DELAY_MS
}

describe('a run that AWS refuses something', () => {
  it('goes on with metrics when functions may not be listed, and names the action', async () => {
    await aws.control('POST', 'denials', { actions: ['lambda:ListFunctions'] })
    const store = makeStore()
    const run = runAt(store, 0)
    await expect(script().run(run)).resolves.toBeDefined()
    expect(run.problems).toMatchObject(
      REGIONS.map(() => ({ code: 'forbidden', action: 'lambda:ListFunctions' })),
    )
    expect(store.points.length).toBeGreaterThan(1_000)
    expect(store.points.every(({ category }) => category === 'metric')).toBe(true)
    const expected = await script().expected?.(runAt(store, 1))
    expect(expected?.objects).toEqual([
      {
        measurement: 'aws_lambda',
        names: [],
        whenNone: expect.stringContaining('lambda:ListFunctions') as string,
      },
    ])
  })

  it('keeps the functions listed before, and their tags on metrics', async () => {
    const store = makeStore()
    await script().run(runAt(store, 0))
    await aws.control('POST', 'denials', { actions: ['lambda:ListFunctions'] })
    const before = store.points.length
    const run = runAt(store, 1)
    await script().run(run)
    expect(run.lines.join('\n')).toContain('keeps the 60 functions listed 5 minutes ago')
    expect(store.points.slice(before).some(({ tags }) => tags['Runtime'] !== undefined)).toBe(true)
  })

  it('gives the other regions when one is denied', async () => {
    await aws.control('POST', 'denials', { actions: ['cloudwatch:*', 'lambda:*'], regions: ['eu-west-1'] })
    const store = makeStore()
    const run = runAt(store, 0)
    await expect(script().run(run)).resolves.toBeDefined()
    expect(new Set(store.points.map(({ tags }) => tags['RegionId']))).toEqual(new Set(['us-east-1']))
    expect(new Set(run.problems.map(({ action }) => action))).toEqual(
      new Set(['cloudwatch:ListMetrics', 'lambda:ListFunctions']),
    )
    await aws.control('POST', 'denials', { actions: [] })
    await script().run(runAt(store, 1))
    const audit = await aws.audit(store, { startMs: endOf(1) - FIRST_LOOK_MS, endMs: endOf(1) })
    expect(audit).toEqual({ expected: audit.expected, ...COMPLETE })
  })

  it('names a namespace that AWS lists nothing for, in each region', async () => {
    const targets = [{ namespace: 'AWS/Lambada', metrics: ['ALL'] }]
    const collector = CloudwatchCollector({}, { regions: ['us-east-1', 'eu-west-1'], targets }, NO_WAIT)
    const run = runAt(makeStore(), 0)
    await Runner(collector).run(run)
    const told = run.problems.map(({ code, message }) => `${code}: ${message}`).toSorted()
    expect(told).toEqual([
      expect.stringMatching(/^nothing-listed: .* AWS\/Lambada in eu-west-1/),
      expect.stringMatching(/^nothing-listed: .* AWS\/Lambada in us-east-1/),
    ])
  })

  it('names a region that is not enabled and one of another partition', async () => {
    const run = runAt(makeStore(), 0)
    await script(['us-east-1', 'af-south-1', 'cn-north-1']).run(run)
    const codes = new Set(run.problems.map(({ code, scope }) => `${code} ${scope.split('/')[1]}`))
    expect(codes).toEqual(new Set(['region-not-enabled af-south-1', 'wrong-partition cn-north-1']))
  })

  it('fails with the missing action when no metric at all may be read, and moves no cursor', async () => {
    await aws.control('POST', 'denials', { actions: ['cloudwatch:GetMetricData'] })
    const store = makeStore()
    await expect(script().run(runAt(store, 0))).rejects.toMatchObject({
      code: 'TASK_FAILED',
      message: expect.stringContaining('cloudwatch:GetMetricData'),
    })
    expect([...store.state.keys()].filter((key) => key.startsWith('ledger/'))).toEqual([])
    expect(store.points.filter(({ category }) => category === 'custom_object')).toHaveLength(120)
  })

  it('fails when the tags name another account than the keys belong to', async () => {
    const session = { ...aws.session, accountId: '999999999999' }
    const account = { extra_tags: { account_id: aws.session.accountId } }
    const collector = LambdaCollector(account, { regions: ['us-east-1'] }, { backoff: NO_WAIT })
    const store = makeStore()
    const run = makeRun(store, { triggerTimeMs: FIRST_TRIGGER_MS, session })
    await expect(Runner(collector).run(run)).rejects.toMatchObject({ code: 'BAD_PARAMETER' })
    expect(store).toEqual(makeStore())
  })

  it('says what is wrong as checks, one per action and region', async () => {
    await aws.control('POST', 'denials', { actions: ['lambda:*'], regions: ['eu-west-1'] })
    const checks = (await script().doctor?.(runAt(makeStore(), 0))) ?? []
    const failed = checks.filter(({ status }) => status !== 'ok')
    expect(checks).toHaveLength(24)
    expect(failed).toHaveLength(9)
    expect(failed.every(({ id }) => /^lambda:\w+@\d+\/eu-west-1$/.test(id))).toBe(true)
    expect(failed.filter(({ status }) => status === 'failed').map(({ id }) => id)).toEqual([
      `lambda:ListFunctions@${aws.session.accountId}/eu-west-1`,
    ])
    expect(failed[0]?.remedy).toContain('Allow lambda:ListFunctions')
  })
})

describe('a run with failures on the way', () => {
  it('repeats what is throttled, broken or garbled', async () => {
    for (const kind of ['throttle', 'error500', 'brokenBody']) {
      // One of each kind a region: which region meets a fault first would else decide whether its attempts suffice.
      for (const region of REGIONS) {
        await aws.control('POST', 'faults', { api: 'cloudwatch:GetMetricData', kind, region, times: 1 })
      }
      await aws.control('POST', 'faults', { api: 'cloudwatch:ListMetrics', kind, times: 1 })
      await aws.control('POST', 'faults', { api: 'lambda:ListFunctions', kind, times: 1 })
    }
    const store = makeStore()
    const run = runAt(store, 0)
    await script().run(run)
    expect(run.problems).toEqual([])
    const counters = await aws.control<{ requests: object; errors: object }>('GET', 'counters')
    expect(run.totals().requests).toEqual(counters.requests)
    expect(Object.keys(counters.errors)).toHaveLength(3)
    const audit = await aws.audit(store, { startMs: endOf(0) - FIRST_LOOK_MS, endMs: endOf(0) })
    expect(audit).toEqual({ expected: audit.expected, ...COMPLETE })
  })

  it('repairs what failed at the next run and writes nothing twice', async () => {
    const store = makeStore()
    await script(REGIONS, ONE_ATTEMPT).run(runAt(store, 0))
    await aws.control('POST', 'faults', {
      api: 'cloudwatch:GetMetricData',
      kind: 'error500',
      times: 3,
      region: 'us-east-1',
    })
    const broken = runAt(store, 1)
    await script(REGIONS, ONE_ATTEMPT).run(broken)
    expect(broken.problems).toMatchObject([
      { code: 'transient', scope: expect.stringContaining('us-east-1') },
    ])
    await aws.control('POST', 'faults', { clear: true })
    await script(REGIONS, ONE_ATTEMPT).run(runAt(store, 2))
    const audit = await aws.audit(store, { startMs: endOf(0) - FIRST_LOOK_MS, endMs: endOf(2) })
    expect(audit).toEqual({ expected: audit.expected, ...COMPLETE })
    expectNoPointTwice(store)
  })

  it('keeps its place when a commit is refused, whatever had been collected', async () => {
    const store = makeStore()
    let commits = 0
    const refusing = makeRun(store, {
      triggerTimeMs: FIRST_TRIGGER_MS,
      session: aws.session,
      beforeCommit: ({ points }) => {
        if (points[0]?.category !== 'metric') return
        commits += 1
        if (commits > 1) throw new Error('killed')
      },
    })
    await script().run(refusing)
    await script().run(runAt(store, 1))
    const audit = await aws.audit(store, { startMs: endOf(1) - FIRST_LOOK_MS, endMs: endOf(1) })
    expect(audit).toEqual({ expected: audit.expected, ...COMPLETE })
    expectNoPointTwice(store)
  })

  it('catches up after an outage', async () => {
    const store = makeStore()
    await script().run(runAt(store, -120))
    await script().run(runAt(store, 0))
    const audit = await aws.audit(store, { startMs: endOf(-120) - FIRST_LOOK_MS, endMs: endOf(0) })
    expect(audit).toEqual({ expected: audit.expected, ...COMPLETE })
    expectNoPointTwice(store)
  })

  it('ends at once when its task is aborted', async () => {
    const controller = new AbortController()
    const run = makeRun(makeStore(), {
      triggerTimeMs: FIRST_TRIGGER_MS,
      session: aws.session,
      signal: controller.signal,
      beforeCommit: () => controller.abort(new Error('deadline')),
    })
    await expect(script().run(run)).rejects.toThrow('deadline')
    expect(run.problems).toEqual([])
  })

  it('renews credentials that have ended', async () => {
    let asked = 0
    const run = makeRun(makeStore(), {
      triggerTimeMs: FIRST_TRIGGER_MS,
      session: async () => {
        asked += 1
        return { ...aws.session, expiresAtMs: Date.now() + (asked === 1 ? -1 : 3_600_000) }
      },
    })
    await script().run(run)
    expect(asked).toBeGreaterThan(1)
    expect(run.problems).toEqual([])
  })
})
