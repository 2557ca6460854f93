import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { CloudwatchConfigs, CostPlan, Script, Window } from '../../core/dff.ts'
import { CloudwatchCollector } from '../../scripts/guance_aws_cloudwatch/main.ts'
import { LambdaCollector } from '../../scripts/guance_aws_lambda/main.ts'
import { Runner } from '../../scripts/guance_integration/main.ts'
import {
  type Aws,
  FIRST_TRIGGER_MS,
  FIVE_MINUTES_MS,
  NO_WAIT,
  SEED_METRICS,
  startAws,
} from './aws-fixture.ts'
import { makeRun, makeStore, type TestRun, type TestStore } from './run-context.ts'

const REGIONS = ['us-east-1', 'eu-west-1'] as const
const GET = 'cloudwatch:GetMetricData'

let aws: Aws

beforeAll(async () => {
  aws = await startAws({ functions: 60, regions: [...REGIONS] })
})

afterAll(async () => aws.close())

afterEach(async () => {
  await aws.control('POST', 'denials', { actions: [] })
  await aws.control('POST', 'counters/reset')
})

type Settings = Omit<CloudwatchConfigs, 'regions'>

const DEFAULTS: Settings = {
  policy: 'everything',
  targets: [{ namespace: 'AWS/Lambda', metrics: SEED_METRICS }],
}

function scriptOf(settings: Settings = DEFAULTS): Script {
  const regions = [...REGIONS]
  return Runner([
    LambdaCollector({}, { regions }, { backoff: NO_WAIT }),
    CloudwatchCollector({}, { regions, policy: 'everything', ...settings }, NO_WAIT),
  ])
}

interface RunOptions {
  readonly backfill?: Window
  readonly sink?: TestRun['sink']
}

function runAt(store: TestStore, number: number, options: RunOptions = {}): TestRun {
  const triggerTimeMs = FIRST_TRIGGER_MS + number * FIVE_MINUTES_MS
  return makeRun(store, { triggerTimeMs, session: aws.session, ...options })
}

/** A plan as of poll `number`; over a copy, because a plan keeps nothing. */
async function planAt(
  script: Script,
  store: TestStore,
  number: number,
  options: RunOptions = {},
): Promise<{ readonly plan: CostPlan; readonly run: TestRun }> {
  const run = runAt(structuredClone(store), number, options)
  const plan = await script.plan?.(run, { intervalMs: FIVE_MINUTES_MS })
  if (plan === undefined) throw new Error('the script has no plan')
  return { plan, run }
}

function unitsOf({ metrics }: CostPlan, rule: string): number {
  return metrics.reduce((sum, row) => sum + (row.rule === rule ? row.billedMetrics : 0), 0)
}

function requestsOf({ requests }: CostPlan, rule: string): number {
  const rows = requests.filter((row) => row.rule === rule && row.api === GET)
  return rows.reduce((sum, row) => sum + row.requests, 0)
}

interface Counters {
  readonly requests: Readonly<Record<string, number>>
  readonly billedMetrics: number
}

/** What the simulator counts of one call. */
async function count(work: () => Promise<unknown>): Promise<Counters> {
  await aws.control('POST', 'counters/reset')
  await work()
  return aws.control<Counters>('GET', 'counters')
}

describe('a plan', () => {
  it('asks only for what can be listed, and writes nothing', async () => {
    const store = makeStore()
    const counted = await count(async () => planAt(scriptOf(), store, 0))
    expect(counted.billedMetrics).toBe(0)
    expect(Object.keys(counted.requests).toSorted()).toEqual([
      'cloudwatch:ListMetrics',
      'lambda:ListEventSourceMappings',
      'lambda:ListFunctions',
    ])
    expect(store).toEqual(makeStore())
  })

  it('is what the simulator counts of the next regular poll, whatever the settings', async () => {
    const settings = fc.record({
      statistics: fc.constantFrom<CloudwatchConfigs['statistics'][]>('useful', 'upstream', {
        Duration: ['p1', 'p2', 'p3', 'p4', 'p5', 'p6', 'Sum'],
        Errors: Array.from({ length: 11 }, (_, index) => `p${index + 1}`),
      }),
      grains: fc.constantFrom('default' as const, 'all' as const),
      metrics: fc.constantFrom<CloudwatchConfigs['targets'][number]['metrics'][]>('ALL', SEED_METRICS, [
        'NOT',
        'Async*',
      ]),
      rewrite: fc.constantFrom('last' as const, 'unknown' as const),
    })
    const play = async ({
      rewrite,
      metrics,
      statistics,
      grains,
    }: typeof settings extends fc.Arbitrary<infer T> ? T : never): Promise<void> => {
      const options = { sink: { rewrite, mergesFields: false } }
      const targets = [{ namespace: 'AWS/Lambda', metrics }]
      const script = scriptOf({ grains, targets, ...(statistics === undefined ? {} : { statistics }) })
      const store = makeStore()
      for (const number of [0, 1]) await script.run(runAt(store, number, options))
      const { plan, run: planning } = await planAt(script, store, 2, options)
      // The lists are young enough: nothing had to be asked.
      expect(planning.totals().billedMetrics).toBe(0)
      const run = runAt(store, 2, options)
      const counted = await count(async () => script.run(run))
      expect(unitsOf(plan, 'everything')).toBe(counted.billedMetrics)
      expect(requestsOf(plan, 'everything')).toBe(counted.requests[GET])
      expect(run.predictions.reduce((sum, one) => sum + one.billedMetrics, 0)).toBe(counted.billedMetrics)
      expect(unitsOf(plan, 'longest')).toBe(0)
    }
    await fc.assert(fc.asyncProperty(settings, play), { numRuns: 6 })
  }, 120_000)

  it('of an empty home foresees its first poll: the poll and what is asked once', async () => {
    const store = makeStore()
    const { plan } = await planAt(scriptOf(), store, 0)
    const counted = await count(async () => scriptOf().run(runAt(store, 0)))
    expect(unitsOf(plan, 'everything') + unitsOf(plan, 'longest')).toBe(counted.billedMetrics)
    expect(unitsOf(plan, 'longest')).toBeGreaterThan(0)
    const listed = plan.requests.filter(({ api }) => api === 'lambda:ListFunctions')
    expect(listed.filter(({ every }) => every === 'poll')).toHaveLength(2)
  })

  it('of a backfill is what the backfill takes', async () => {
    const store = makeStore()
    for (const number of [0, 1]) await scriptOf().run(runAt(store, number))
    const endMs = FIRST_TRIGGER_MS
    const backfill = { startMs: endMs - 50 * 3_600_000, endMs }
    const { plan } = await planAt(scriptOf(), store, 2, { backfill })
    const counted = await count(async () => scriptOf().run(runAt(store, 2, { backfill })))
    expect(unitsOf(plan, 'backfill')).toBe(counted.billedMetrics)
    expect(requestsOf(plan, 'backfill')).toBe(counted.requests[GET])
    expect(unitsOf(plan, 'backfill')).toBe(3 * unitsOf(plan, 'everything'))
  }, 60_000)

  it('says what each setting would change, as if it were set', async () => {
    const { plan } = await planAt(scriptOf(), makeStore(), 0)
    const total = (option: string): number =>
      plan.options.reduce((sum, row) => sum + (row.option === option ? row.billedMetricsPerPoll : 0), 0)
    const fields = (option: string): number =>
      plan.options.reduce((sum, row) => sum + (row.option === option ? row.fields : 0), 0)
    const now = unitsOf(plan, 'everything')
    expect([total('statistics: useful'), total('grains: default')]).toEqual([now, now])
    // Five statistics of every metric cost as much at AWS as one, and not at the sink.
    expect(total('statistics: upstream')).toBe(now)
    expect(fields('statistics: upstream')).toBe(5 * now)
    const changes: readonly (readonly [option: string, settings: Settings])[] = [
      ['grains: all', { ...DEFAULTS, grains: 'all' }],
      ['metrics: ALL', { targets: [{ namespace: 'AWS/Lambda', metrics: 'ALL' }] }],
    ]
    for (const [option, settings] of changes) {
      const { plan: changed } = await planAt(scriptOf(settings), makeStore(), 0)
      expect(total(option)).toBe(unitsOf(changed, 'everything'))
      expect(total(option)).toBeGreaterThan(now)
    }
  })

  it('counts the fields that may be active in a day once, whatever rules ask for them', async () => {
    const { plan } = await planAt(scriptOf(), makeStore(), 0)
    const fields = plan.metrics.reduce((sum, row) => sum + row.fields, 0)
    const useful = plan.options.filter(({ option }) => option === 'statistics: useful')
    expect(fields).toBe(useful.reduce((sum, row) => sum + row.fields, 0))
  })

  it('tells how late minutes are: by timeouts before anything was collected, by durations after it', async () => {
    const store = makeStore()
    const before = (await planAt(scriptOf(), store, 0)).plan.lateness
    expect(before.some(({ cause }) => cause === 'longest')).toBe(false)
    expect(before.every((row) => row.shownAfterMin === row.finalAfterMin)).toBe(true)
    for (const number of [0, 1]) await scriptOf().run(runAt(store, number))
    const after = (await planAt(scriptOf(), store, 2)).plan.lateness
    expect(after.some(({ cause }) => cause === 'longest')).toBe(true)
    const latest = (rows: CostPlan['lateness']): number =>
      Math.max(...rows.map(({ finalAfterMin }) => finalAfterMin))
    expect(latest(after)).toBeLessThanOrEqual(latest(before))
    const last = { sink: { rewrite: 'last', mergesFields: false } } as const
    const early = (await planAt(scriptOf(), store, 2, last)).plan.lateness
    expect(early.every(({ shownAfterMin }) => shownAfterMin === 3)).toBe(true)
    const sum = (rows: CostPlan['lateness']): number => rows.reduce((total, { sets }) => total + sets, 0)
    expect([sum(after), sum(early)]).toEqual([sum(before), sum(before)])
  })

  it('names a region that is denied and plans the rest', async () => {
    await aws.control('POST', 'denials', { actions: ['cloudwatch:ListMetrics'], regions: ['eu-west-1'] })
    const { plan, run } = await planAt(scriptOf(), makeStore(), 0)
    expect(run.problems).toMatchObject([
      { code: 'forbidden', scope: expect.stringContaining('eu-west-1'), action: 'cloudwatch:ListMetrics' },
    ])
    expect(new Set(plan.metrics.map(({ region }) => region))).toEqual(new Set(['us-east-1']))
    expect(plan.requests.some(({ region }) => region === 'eu-west-1')).toBe(true)
  })

  it('goes on without the functions where they may not be listed, with the longest timeout there is', async () => {
    await aws.control('POST', 'denials', { actions: ['lambda:ListFunctions'] })
    const { plan, run } = await planAt(scriptOf(), makeStore(), 0)
    expect(run.problems.map(({ action }) => action)).toEqual(['lambda:ListFunctions', 'lambda:ListFunctions'])
    expect(new Set(plan.lateness.map(({ cause }) => cause))).toEqual(new Set(['unknown', 'pipeline']))
    expect(Math.max(...plan.lateness.map(({ finalAfterMin }) => finalAfterMin))).toBe(19)
    expect(unitsOf(plan, 'everything')).toBeGreaterThan(0)
  })

  it('fails as a run does when the account cannot be opened', async () => {
    const run = makeRun(makeStore(), {
      triggerTimeMs: FIRST_TRIGGER_MS,
      session: async () => Promise.reject(new Error('no keys')),
    })
    await expect(scriptOf().plan?.(run, { intervalMs: FIVE_MINUTES_MS })).rejects.toThrow('no keys')
  })
})
