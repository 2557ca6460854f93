import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { CollectorConfigs, Point } from '../../core/dff.ts'
import { LambdaCollector } from '../../scripts/guance_aws_lambda/main.ts'
import { Runner } from '../../scripts/guance_integration/main.ts'
import { type Aws, FIRST_TRIGGER_MS, FIVE_MINUTES_MS, NO_WAIT, startAws } from './aws-fixture.ts'
import { makeRun, makeStore, type TestRun, type TestStore } from './run-context.ts'

const CONFIGS: CollectorConfigs = { regions: ['us-east-1'] }

/** Calls about one function. */
const DETAILS = [
  'lambda:GetFunctionConcurrency',
  'lambda:ListProvisionedConcurrencyConfigs',
  'lambda:ListAliases',
  'lambda:ListFunctionUrlConfigs',
  'lambda:ListFunctionEventInvokeConfigs',
  'lambda:GetFunctionRecursionConfig',
]

let aws: Aws

beforeAll(async () => {
  aws = await startAws({ functions: 100, regions: ['us-east-1'] })
})

afterAll(async () => aws.close())

afterEach(async () => {
  await aws.control('POST', 'denials', { actions: [] })
  await aws.control('POST', 'faults', { clear: true })
})

interface RunAt {
  readonly number: number
  readonly configs?: CollectorConfigs
  readonly beforeCommit?: () => void
}

async function runAt(store: TestStore, { number, configs = CONFIGS, beforeCommit }: RunAt): Promise<TestRun> {
  const run = makeRun(store, {
    triggerTimeMs: FIRST_TRIGGER_MS + number * FIVE_MINUTES_MS,
    session: aws.session,
    ...(beforeCommit === undefined ? {} : { beforeCommit }),
  })
  await Runner(LambdaCollector({}, configs, { backoff: NO_WAIT })).run(run)
  return run
}

function callsOf(run: TestRun): number {
  const { requests } = run.totals()
  return DETAILS.reduce((sum, action) => sum + (requests[action] ?? 0), 0)
}

/** Objects of the last run by function. */
function objectsOf(store: TestStore): ReadonlyMap<string, Point> {
  const last = Math.max(...store.points.map(({ timeMs }) => timeMs))
  return new Map(
    store.points
      .filter(({ timeMs, measurement }) => timeMs === last && measurement === 'aws_lambda')
      .map((point) => [point.tags['FunctionName'] ?? '', point]),
  )
}

/** What is in a field, of the functions that have it. */
function valuesOf(store: TestStore, field: string): unknown[] {
  return [...objectsOf(store).values()].flatMap(({ fields }) => fields[field] ?? [])
}

describe('details of functions', () => {
  it('are not read at the first run, for which somebody waits, and then within the share of every run', async () => {
    const store = makeStore()
    expect(callsOf(await runAt(store, { number: 0 }))).toBe(0)
    const second = await runAt(store, { number: 1 })
    expect(callsOf(second)).toBeGreaterThan(200)
    expect(callsOf(second)).toBeLessThan(240)
    expect(second.lines.join('\n')).toMatch(/details of \d+ functions read, \d+ wait for later runs/)
    let calls = callsOf(second)
    for (const number of [2, 3]) calls += callsOf(await runAt(store, { number }))
    expect(callsOf(await runAt(store, { number: 4 }))).toBe(0)
    expect(calls).toBeLessThan(600)
    expect(valuesOf(store, 'DetailsTime')).toHaveLength(100)
  })

  it('are AWS’s, to the value', async () => {
    const store = makeStore()
    for (const number of [0, 1, 2, 3, 4]) await runAt(store, { number })
    expect(new Set(valuesOf(store, 'ReservedConcurrency'))).toEqual(new Set([2]))
    expect(valuesOf(store, 'ProvisionedConcurrency')[0]).toBe(
      '[{"Qualifier":"live","Requested":8,"Allocated":8,"Status":"READY"}]',
    )
    expect(valuesOf(store, 'Aliases')[0]).toBe(
      '[{"Name":"live","FunctionVersion":"1","AdditionalVersionWeights":{"2":0.1}}]',
    )
    expect(valuesOf(store, 'FunctionUrls')[0]).toContain('"AuthType":"AWS_IAM"')
    expect(valuesOf(store, 'EventInvokeConfigs')[0]).toContain('"MaximumRetryAttempts":1')
    expect(valuesOf(store, 'EventSourceMappings')[0]).toContain('"State":"Enabled"')
    expect(new Set(valuesOf(store, 'RecursiveLoop'))).toEqual(new Set(['Allow', 'Terminate']))
  })

  it('are read again for the function that has a new revision, and for no other', async () => {
    const store = makeStore()
    for (const number of [0, 1, 2, 3, 4]) await runAt(store, { number })
    await aws.control('POST', 'functions', { index: 7, kind: 'timeout', timeoutSec: 77 })
    const run = await runAt(store, { number: 5 })
    expect(run.lines.join('\n')).toContain('details of 1 functions read, 0 wait')
    expect(callsOf(run)).toBeLessThanOrEqual(DETAILS.length)
  })

  it('go on after a kill where they were committed', async () => {
    const store = makeStore()
    await runAt(store, { number: 0 })
    let commits = 0
    const killed = runAt(store, {
      number: 1,
      beforeCommit: () => {
        commits += 1
        if (commits > 5) throw new Error('killed')
      },
    })
    await expect(killed).rejects.toThrow('killed')
    expect(store.commits.length).toBeGreaterThan(5)
    const run = await runAt(store, { number: 2 })
    expect(run.lines.join('\n')).toMatch(/details of \d+ functions read/)
    for (const number of [3, 4, 5]) await runAt(store, { number })
    expect(valuesOf(store, 'DetailsTime')).toHaveLength(100)
  })

  it('that AWS refuses are said once a day in the log, and the others are read', async () => {
    await aws.control('POST', 'denials', { actions: ['lambda:ListAliases', 'tag:GetResources'] })
    const store = makeStore()
    await runAt(store, { number: 0 })
    const run = await runAt(store, { number: 1 })
    expect(run.problems).toEqual([])
    const told = run.lines.filter((line) => line.includes('until tomorrow'))
    expect(told).toEqual([
      expect.stringContaining('no resource tags on objects until tomorrow: AWS refuses tag:GetResources'),
      expect.stringContaining(
        'no aliases and their weights on objects until tomorrow: AWS refuses lambda:ListAliases',
      ),
    ])
    expect(run.totals().requests['lambda:ListAliases']).toBeLessThanOrEqual(5)
    const next = await runAt(store, { number: 2 })
    expect(next.totals().requests['lambda:ListAliases']).toBeUndefined()
    expect(next.totals().requests['lambda:ListFunctionUrlConfigs']).toBeGreaterThan(0)
  })

  it('are left out where the script says so, and the rest of an object is there', async () => {
    const store = makeStore()
    const configs: CollectorConfigs = { ...CONFIGS, details: false }
    for (const number of [0, 1, 2]) expect(callsOf(await runAt(store, { number, configs }))).toBe(0)
    expect(valuesOf(store, 'DetailsTime')).toEqual([])
    expect(valuesOf(store, 'MemorySize')).toHaveLength(100)
  })

  it('wait for the next run when AWS has no answer', async () => {
    const store = makeStore()
    await runAt(store, { number: 0 })
    await aws.control('POST', 'faults', {
      api: 'lambda:ListAliases',
      kind: 'htmlBody',
      probability: 1,
      seed: 1,
    })
    const run = await runAt(store, { number: 1 })
    expect(run.problems).toEqual([])
    expect(run.lines.join('\n')).toContain(
      'details of functions are read on at the next run: lambda:ListAliases failed',
    )
    await aws.control('POST', 'faults', { clear: true })
    expect(callsOf(await runAt(store, { number: 2 }))).toBeGreaterThan(100)
  })
})

describe('resource tags', () => {
  it('are on objects as a field, and as tags where they are chosen', async () => {
    const store = makeStore()
    const configs: CollectorConfigs = { ...CONFIGS, resource_tags: ['team', 'name', 'absent'] }
    for (const number of [0, 1, 2]) await runAt(store, { number, configs })
    const objects = [...objectsOf(store).values()]
    const tagged = objects.filter(({ fields }) => fields['Tags'] !== undefined)
    expect(tagged.length).toBeGreaterThan(70)
    expect(tagged.length).toBeLessThan(100)
    for (const { tags, fields } of tagged) {
      const all = JSON.parse(String(fields['Tags'])) as Record<string, string>
      expect(tags['team']).toBe(all['team'])
      expect(tags['tag_name'] ?? '').toBe(all['name'] ?? '')
      expect(tags['name']).toBe(tags['FunctionName'])
      expect(tags).not.toHaveProperty('stage')
    }
    expect(tagged.map(({ tags }) => tags['team'])).toContain('平台, 二组')
  })

  it('are read once an hour while no function is new', async () => {
    const store = makeStore()
    const asked: number[] = []
    for (let number = 0; number <= 14; number += 1) {
      const run = await runAt(store, { number })
      if ((run.totals().requests['tag:GetResources'] ?? 0) > 0) asked.push(number)
    }
    expect(asked).toEqual([1, 13])
  })
})

describe('the object of an account', () => {
  it('has the limits and the use of each region', async () => {
    const store = makeStore()
    for (const number of [0, 1]) await runAt(store, { number })
    const account = store.points.filter(({ measurement }) => measurement === 'aws_lambda_account')
    expect(account).toMatchObject([
      {
        tags: { name: '123456789012/us-east-1', RegionId: 'us-east-1', account_id: '123456789012' },
        fields: { ConcurrentExecutionsLimit: 1_000, FunctionCount: 100 },
      },
    ])
    expect(account[0]?.fields['UnreservedConcurrentExecutions']).toBeLessThan(1_000)
  })
})
