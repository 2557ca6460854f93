import { describe, expect, it, onTestFinished } from 'vitest'
import type { Script } from '../../core/dff.ts'
import { CloudwatchCollector } from '../../scripts/guance_aws_cloudwatch/main.ts'
import { LambdaCollector } from '../../scripts/guance_aws_lambda/main.ts'
import { Runner } from '../../scripts/guance_integration/main.ts'
import { parseFleet } from '../../simulator/fleet-file.ts'
import { type Aws, FIRST_TRIGGER_MS, FIVE_MINUTES_MS, NO_WAIT, startAws } from './aws-fixture.ts'
import { makeRun, makeStore, type TestRun, type TestStore } from './run-context.ts'

const DAY_MS = 86_400_000
const THREE = ['us-east-1', 'eu-west-1', 'ap-south-1']

let aws: Aws

/** Two functions in three regions: the last has none. */
async function start(fleet: object = { functions: 2, regions: THREE }): Promise<void> {
  aws = await startAws(parseFleet(fleet))
  onTestFinished(async () => aws.close())
}

function script(): Script {
  const targets = [{ namespace: 'AWS/Lambda', metrics: ['Invocations'] }]
  return Runner([
    LambdaCollector({}, { regions: 'auto' }, { backoff: NO_WAIT }),
    CloudwatchCollector({}, { regions: 'auto', targets }, NO_WAIT),
  ])
}

async function runAt(store: TestStore, afterMs: number): Promise<TestRun> {
  const run = makeRun(store, { triggerTimeMs: FIRST_TRIGGER_MS + afterMs, session: aws.session })
  await script().run(run)
  return run
}

function regionsOf(store: TestStore): ReadonlySet<string | undefined> {
  return new Set(store.points.map(({ tags }) => tags['RegionId']))
}

describe('regions: auto', () => {
  it('takes the enabled regions in which there is something, for objects and metrics alike, and asks once', async () => {
    await start()
    const store = makeStore()
    const run = await runAt(store, 0)
    expect(run.problems).toEqual([])
    expect(run.lines).toContain(
      '123456789012: 3 regions enabled, something to collect in eu-west-1, us-east-1',
    )
    expect(run.totals().requests['account:ListRegions']).toBe(1)
    expect(regionsOf(store)).toEqual(new Set(['us-east-1', 'eu-west-1']))
    const expected = await script().expected?.(run)
    expect(expected?.objects[0]?.names).toHaveLength(2)
    expect(expected?.metrics).toMatchObject([{ fields: ['Invocations_Sum'] }])
  })

  it('takes no empty reply for an empty region', async () => {
    await start()
    for (const api of ['lambda:ListFunctions', 'cloudwatch:ListMetrics'])
      await aws.control('POST', 'faults', { api, kind: 'emptyBody', probability: 1, times: 1, seed: 1 })
    const run = await runAt(makeStore(), 0)
    expect(run.lines.join('\n')).toContain('something to collect in eu-west-1, us-east-1')
  })

  it('is examined again after a day', async () => {
    await start()
    const store = makeStore()
    await runAt(store, 0)
    expect((await runAt(store, FIVE_MINUTES_MS)).totals().requests['account:ListRegions']).toBeUndefined()
    expect((await runAt(store, DAY_MS)).totals().requests['account:ListRegions']).toBe(1)
  })

  it('finds the metrics of Lambda@Edge where no function is listed', async () => {
    const groups = [{ name: 'edge', share: 1, edgeRegions: ['eu-west-1'] }]
    await start({ functions: 1, regions: ['us-east-1', 'eu-west-1', 'ap-south-1'], groups })
    const run = await runAt(makeStore(), 0)
    expect(run.lines.join('\n')).toContain('something to collect in eu-west-1, us-east-1')
  })

  it('names a region that is refused once a day, with the action, and goes on with the others', async () => {
    await start()
    await aws.control('POST', 'denials', { actions: ['lambda:*', 'cloudwatch:*'], regions: ['eu-west-1'] })
    const store = makeStore()
    const run = await runAt(store, 0)
    expect(run.problems).toMatchObject([
      { code: 'forbidden', action: 'lambda:ListFunctions', scope: '123456789012/eu-west-1' },
    ])
    expect(regionsOf(store)).toEqual(new Set(['us-east-1']))
    expect((await runAt(store, FIVE_MINUTES_MS)).problems).toEqual([])
  })

  it('tries every region of the partition where the enabled ones may not be listed', async () => {
    await start()
    await aws.control('POST', 'denials', { actions: ['account:ListRegions'] })
    const store = makeStore()
    const run = await runAt(store, 0)
    expect(run.problems).toEqual([])
    expect(run.lines.join('\n')).toContain('every region of aws is tried: AWS refuses account:ListRegions')
    expect(regionsOf(store)).toEqual(new Set(['us-east-1', 'eu-west-1']))
    const checks = (await script().doctor?.(run)) ?? []
    expect(checks.find(({ id }) => id === 'account:ListRegions@123456789012')).toMatchObject({
      status: 'warning',
      remedy: expect.stringContaining('Allow account:ListRegions') as string,
    })
  })

  it('keeps what it found when it cannot be examined again, and fails when it never was', async () => {
    await start()
    const store = makeStore()
    await runAt(store, 0)
    await aws.control('POST', 'faults', { api: 'account:ListRegions', kind: 'htmlBody', times: 100 })
    const run = await runAt(store, DAY_MS)
    expect(run.lines.join('\n')).toContain('regions stay eu-west-1, us-east-1: account:ListRegions failed')
    expect(run.problems).toEqual([])
    await expect(runAt(makeStore(), 0)).rejects.toMatchObject({ code: 'TASK_FAILED' })
  })

  it('needs a policy without regions, with the listing of them', async () => {
    await start()
    const access =
      (await script().access?.(makeRun(makeStore(), { triggerTimeMs: 0, session: aws.session }))) ?? []
    expect(access.map(({ regions }) => regions)).toEqual([[], []])
    expect(access[0]?.actions.at(-1)).toMatchObject({ action: 'account:ListRegions', isOptional: true })
  })
})

describe('a region that is not enabled', () => {
  it('is named once in the record, however many collectors ask there', async () => {
    await start()
    const targets = [{ namespace: 'AWS/Lambda', metrics: ['Invocations'] }]
    const regions: ('us-east-1' | 'af-south-1' | 'cn-north-1')[] = ['us-east-1', 'af-south-1', 'cn-north-1']
    const run = makeRun(makeStore(), { triggerTimeMs: FIRST_TRIGGER_MS, session: aws.session })
    await Runner([
      LambdaCollector({}, { regions }, { backoff: NO_WAIT }),
      CloudwatchCollector({}, { regions, targets }, NO_WAIT),
    ]).run(run)
    expect(run.problems.map(({ code }) => code).toSorted()).toEqual(['region-not-enabled', 'wrong-partition'])
  })
})
