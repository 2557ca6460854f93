import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Account, CloudwatchConfigs, CollectorConfigs, Point } from '../../core/dff.ts'
import { CloudwatchCollector } from '../../scripts/guance_aws_cloudwatch/main.ts'
import { LambdaCollector } from '../../scripts/guance_aws_lambda/main.ts'
import { Runner } from '../../scripts/guance_integration/main.ts'
import { type Aws, deliver, expectNoPointTwice, FIVE_MINUTES_MS, NO_WAIT, startAws } from './aws-fixture.ts'
import { makeRun, makeStore, type TestRun, type TestStore } from './run-context.ts'

const MINUTE_MS = 60_000
const CONFIGS: CollectorConfigs = {
  regions: ['us-east-1'],
  details: false,
  resource_tags: ['team', 'name', 'Resource'],
}
const METRICS: CloudwatchConfigs = {
  regions: ['us-east-1'],
  policy: 'everything',
  targets: [{ namespace: 'AWS/Lambda', metrics: ['Invocations'] }],
  object_tags: ['Runtime', 'team', 'name', 'Resource'],
}

let aws: Aws
let startMs = Date.parse('2026-11-20T12:00:00Z')

beforeAll(async () => {
  aws = await startAws({ functions: 24, active: 1, regions: ['us-east-1'], nowMs: startMs })
})
afterAll(async () => aws.close())
beforeEach(() => {
  startMs += 24 * 60 * MINUTE_MS
})
afterEach(async () => aws.control('POST', 'denials', { actions: [] }))

interface RunAt {
  readonly number: number
  readonly account?: Account
  readonly metrics?: CloudwatchConfigs
}

async function runAt(store: TestStore, { number, account = {}, metrics = METRICS }: RunAt) {
  const triggerTimeMs = startMs + number * FIVE_MINUTES_MS
  await aws.control('POST', 'clock', { nowMs: triggerTimeMs })
  const run = makeRun(store, { triggerTimeMs, session: aws.session })
  await Runner([
    LambdaCollector(account, CONFIGS, { backoff: NO_WAIT }),
    CloudwatchCollector(account, metrics, NO_WAIT),
  ]).run(run)
  return run
}

/** All but that the simulated time is not this machine's. */
function told({ problems }: TestRun) {
  return problems.filter(({ code }) => code !== 'clock-skew')
}

async function readTruth() {
  const { accounts } = await aws.control<{
    accounts: { regions: { functions: { name: string; index: number; tags: Record<string, string> }[] }[] }[]
  }>('GET', 'truth')
  return accounts[0]?.regions[0]?.functions ?? []
}

function metricsOf(store: TestStore, name?: string): readonly Point[] {
  return store.points.filter(
    ({ category, tags }) => category === 'metric' && (name === undefined || tags['name'] === name),
  )
}

describe('resource tags on metrics', () => {
  it('are those of AWS from the first point on, those with a taken key under another one', async () => {
    await aws.control('POST', 'functions', {
      index: 3,
      kind: 'tag',
      key: 'Resource',
      value: '东西, a="b"',
      atMs: startMs - 1,
    })
    const store = makeStore()
    const run = await runAt(store, { number: 0 })
    expect(told(run)).toEqual([])
    const truth = new Map((await readTruth()).map(({ name, tags }) => [name, tags]))
    const points = metricsOf(store)
    expect(points.length).toBeGreaterThan(100)
    for (const { tags } of points) {
      const { team, name, Resource } = truth.get(tags['name'] ?? '') ?? {}
      expect({ team: tags['team'], name: tags['tag_name'], Resource: tags['tag_Resource'] }).toEqual({
        team,
        name: name === '' ? undefined : name,
        Resource,
      })
      expect(tags['name']).toBe(tags['FunctionName'])
      expect(tags).not.toHaveProperty('Resource')
    }
    await deliver(aws.simulator.url, store.points)
  })

  it('are under another key where the account has an extra tag of that name', async () => {
    const store = makeStore()
    await runAt(store, { number: 0, account: { extra_tags: { team: 'sre' } } })
    const tagged = metricsOf(store).filter(({ tags }) => tags['tag_team'] !== undefined)
    expect(tagged.length).toBeGreaterThan(0)
    for (const { tags } of metricsOf(store)) expect(tags['team']).toBe('sre')
    const objects = store.points.filter(({ measurement }) => measurement === 'aws_lambda')
    expect(objects.some(({ tags }) => tags['tag_team'] === 'search')).toBe(true)
  })

  it('that change begin with a minute that was not written yet, and no minute is in two series', async () => {
    const store = makeStore()
    for (const number of [0, 1]) await runAt(store, { number })
    const atMs = startMs + 6 * MINUTE_MS
    await aws.control('POST', 'functions', { index: 1, kind: 'tag', key: 'team', value: 'moved', atMs })
    for (let number = 2; number <= 16; number += 1) await runAt(store, { number })
    const name = (await readTruth()).find(({ index }) => index === 1)?.name
    const points = metricsOf(store, name).toSorted((left, right) => left.timeMs - right.timeMs)
    const moved = points.findIndex(({ tags }) => tags['team'] === 'moved')
    expect(moved).toBeGreaterThan(0)
    expect(points.slice(moved).every(({ tags }) => tags['team'] === 'moved')).toBe(true)
    expect(points.slice(0, moved).some(({ tags }) => tags['team'] === 'moved')).toBe(false)
    expectNoPointTwice(store)
  })

  it('stay as they were last known while AWS refuses them, and the record says so', async () => {
    const store = makeStore()
    await runAt(store, { number: 0 })
    const before = new Map(metricsOf(store).map(({ tags }) => [tags['name'], tags['team']]))
    await aws.control('POST', 'denials', { actions: ['tag:GetResources'] })
    const later = makeStore()
    for (const [key, value] of store.state) later.state.set(key, value)
    // An hour later they are to be read again.
    const run = await runAt(later, { number: 13 })
    expect(told(run)).toMatchObject([
      { code: 'tags-unread', severity: 'warning', action: 'tag:GetResources' },
    ])
    const points = metricsOf(later)
    expect(points.length).toBeGreaterThan(0)
    for (const { tags } of points) expect(tags['team']).toBe(before.get(tags['name']))
  })

  it('go no further than their cap, which is said, and the same ones stay', async () => {
    const store = makeStore()
    const metrics = { ...METRICS, maxTagValues: 2 }
    const first = await runAt(store, { number: 0, metrics })
    expect(first.problems.filter(({ code }) => code === 'tag-values').length).toBeGreaterThan(0)
    const teams = new Set(metricsOf(store).flatMap(({ tags }) => tags['team'] ?? []))
    expect(teams.size).toBe(2)
    for (const number of [1, 2, 3]) await runAt(store, { number, metrics })
    expect(new Set(metricsOf(store).flatMap(({ tags }) => tags['team'] ?? []))).toEqual(teams)
  })
})
