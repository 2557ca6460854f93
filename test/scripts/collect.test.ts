import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Script } from '../../core/dff.ts'
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

function script(): Script {
  return deployedScript(REGIONS, NO_WAIT)
}

function runAt(store: TestStore, number: number): TestRun {
  return makeRun(store, { triggerTimeMs: FIRST_TRIGGER_MS + number * FIVE_MINUTES_MS, session: aws.session })
}

/** Up to here run `number` has published every function. */
function endOf(number: number): number {
  return FIRST_TRIGGER_MS + number * FIVE_MINUTES_MS - DELAY_MS
}

describe('a run of objects and metrics', () => {
  it('delivers exactly the truth of the last three hours, then of every five minutes', async () => {
    const store = makeStore()
    await script().run(runAt(store, 0))
    const first = await aws.audit(store, { startMs: endOf(0) - FIRST_LOOK_MS, endMs: endOf(0) })
    expect(first).toEqual({ expected: first.expected, ...COMPLETE })
    expect(first.expected).toBeGreaterThan(10_000)

    await script().run(runAt(store, 1))
    const both = await aws.audit(store, { startMs: endOf(0) - FIRST_LOOK_MS, endMs: endOf(1) })
    expect(both).toEqual({ expected: both.expected, ...COMPLETE })
    expect(both.expected).toBeGreaterThan(first.expected)
    expectNoPointTwice(store)
  })

  it('asks for nothing when its minutes are committed already', async () => {
    const store = makeStore()
    await script().run(runAt(store, 0))
    const before = store.points.length
    const again = runAt(store, 0)
    await script().run(again)
    expect(again.totals().requests['cloudwatch:GetMetricData']).toBeUndefined()
    expect(store.points.slice(before).every(({ category }) => category === 'custom_object')).toBe(true)
  })

  it('meters what AWS counted', async () => {
    const run = runAt(makeStore(), 0)
    await script().run(run)
    const counters = await aws.control<{ requests: object; billedMetrics: number }>('GET', 'counters')
    expect(run.totals().requests).toEqual(counters.requests)
    expect(run.totals().billedMetrics).toBe(counters.billedMetrics)
    expect(counters.billedMetrics).toBeGreaterThan(100)
  })

  it('reports nothing when nothing is wrong, and logs what it did', async () => {
    const run = runAt(makeStore(), 0)
    await script().run(run)
    expect(run.problems).toEqual([])
    expect(run.lines).toContain('run collector #1: `AWS-Lambda`')
    expect(run.lines.join('\n')).toMatch(/us-east-1: 60 functions\n/)
  })

  it('writes lines as upstream does', async () => {
    const store = makeStore()
    await script().run(runAt(store, 0))
    const line = store.points.find((point) => point.fields['Duration_p99'] !== undefined)
    expect(line).toMatchObject({
      category: 'metric',
      measurement: 'aws_AWS/Lambda',
      tags: {
        Dimensions: 'FunctionName',
        account_id: aws.session.accountId,
        account_name: 'AWS_Lambda',
        cloud_provider: 'aws',
      },
    })
    expect(line?.tags['name']).toBe(line?.tags['FunctionName'])
    const runtimes = new Set(
      store.points.flatMap(({ tags }) => (tags['Runtime'] === undefined ? [] : [tags['Runtime']])),
    )
    expect(runtimes.size).toBeGreaterThan(2)
  })

  it('lets of a function’s environment only the names into points, and no value anywhere', async () => {
    const { environmentSecretPrefix } = await aws.control<{ environmentSecretPrefix: string }>('GET', 'truth')
    const store = makeStore()
    const run = runAt(store, 0)
    await script().run(run)
    const written = JSON.stringify([store.points, [...store.state], run.lines, run.problems])
    expect(written).toContain('LoggingConfig')
    expect(written).not.toContain(environmentSecretPrefix)
    expect(written).toContain('DB_PASSWORD')
  })

  it('writes nothing in debug', async () => {
    const store = makeStore()
    const { session } = aws
    await script().run(makeRun(store, { triggerTimeMs: FIRST_TRIGGER_MS, session, debug: true }))
    expect(store).toEqual(makeStore())
  })

  it('expects afterwards the objects that it listed and the fields that had data', async () => {
    const store = makeStore()
    expect(await script().expected?.(runAt(store, 0))).toEqual({ objects: [], metrics: [] })
    await script().run(runAt(store, 0))
    const expected = await script().expected?.(runAt(store, 1))
    const written = new Set(
      store.points
        .filter(({ category }) => category === 'metric')
        .flatMap(({ fields }) => Object.keys(fields)),
    )
    expect(expected?.objects).toHaveLength(1)
    expect(expected?.objects[0]?.names).toHaveLength(120)
    expect(expected?.metrics).toEqual([{ measurement: 'aws_AWS/Lambda', fields: [...written].toSorted() }])
  })
})
