import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { CollectorConfigs, Point } from '../../core/dff.ts'
import { LambdaCollector } from '../../scripts/guance_aws_lambda/main.ts'
import { Runner } from '../../scripts/guance_integration/main.ts'
import { ENVIRONMENT_SECRET_PREFIX } from '../../simulator/truth/lambda.ts'
import { type Aws, deliver, FIVE_MINUTES_MS, NO_WAIT, startAws } from './aws-fixture.ts'
import { makeRun, makeStore, type TestStore } from './run-context.ts'

const START_MS = Date.parse('2026-11-20T12:00:00Z')
const MINUTE_MS = 60_000
const CONFIGS: CollectorConfigs = { regions: ['us-east-1'], details: false, resource_tags: ['team'] }

let aws: Aws
let startMs = START_MS

beforeAll(async () => {
  aws = await startAws({ functions: 120, regions: ['us-east-1'], nowMs: START_MS })
})
afterAll(async () => aws.close())
// What happened in one test is long past in the next.
beforeEach(() => {
  startMs += 24 * 60 * MINUTE_MS
})

interface RunAt {
  readonly number: number
  readonly configs?: CollectorConfigs
  readonly beforeCommit?: () => void
}

async function runAt(store: TestStore, { number, configs = CONFIGS, beforeCommit }: RunAt) {
  const triggerTimeMs = startMs + number * FIVE_MINUTES_MS
  await aws.control('POST', 'clock', { nowMs: triggerTimeMs })
  const run = makeRun(store, {
    triggerTimeMs,
    session: aws.session,
    ...(beforeCommit === undefined ? {} : { beforeCommit }),
  })
  await Runner(LambdaCollector({ extra_tags: { account_name: 'a' } }, configs, { backoff: NO_WAIT })).run(run)
  return run
}

async function change(index: number, kind: string, more: object = {}): Promise<number> {
  const atMs = startMs + 2 * MINUTE_MS
  await aws.control('POST', 'functions', { index, kind, atMs, ...more })
  return atMs
}

async function nameOf(index: number): Promise<string> {
  const { accounts } = await aws.control<{
    accounts: { regions: { functions: { name: string; index: number }[] }[] }[]
  }>('GET', 'truth')
  return accounts[0]?.regions[0]?.functions.find((one) => one.index === index)?.name ?? ''
}

function eventsOf(store: TestStore): readonly Point[] {
  return store.points.filter(({ category }) => category === 'keyevent')
}

describe('events of changed functions', () => {
  it('say what changed, from what to what, at AWS’s time', async () => {
    const store = makeStore()
    await runAt(store, { number: 0 })
    const atMs = await change(3, 'memory', { memoryMb: 3_008 })
    await change(3, 'timeout', { timeoutSec: 123 })
    await runAt(store, { number: 1 })
    const [event, ...more] = eventsOf(store)
    expect(more).toEqual([])
    const name = await nameOf(3)
    expect(event).toMatchObject({
      measurement: 'event',
      timeMs: atMs,
      tags: {
        name,
        FunctionName: name,
        class: 'aws_lambda',
        change: 'changed',
        RegionId: 'us-east-1',
        account_id: aws.session.accountId,
        account_name: 'a',
        cloud_provider: 'aws',
        df_source: 'change',
        df_status: 'info',
        df_sub_status: 'info',
      },
      fields: { changed: 'MemorySize,Timeout' },
    })
    expect(event?.tags['df_event_id']).toMatch(/^event-[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/)
    expect(event?.fields['df_title']).toMatch(
      new RegExp(String.raw`^${name} changed: MemorySize \d+ → 3008, Timeout \d+ → 123$`),
    )
    expect(JSON.parse(String(event?.fields['after']))).toEqual({ MemorySize: '3008', Timeout: '123' })
  })

  it('are told of creation, deletion, code and what AWS does not list, and not of a tag', async () => {
    await change(10, 'create')
    const store = makeStore()
    await runAt(store, { number: 0 })
    const atMs = await change(11, 'delete')
    await change(12, 'code')
    await change(13, 'environment')
    await change(14, 'tag', { key: 'team', value: '中文, "x"=1' })
    await runAt(store, { number: 1 })
    const names = await Promise.all([10, 11, 12, 13].map(nameOf))
    const byName = new Map(eventsOf(store).map((event) => [event.tags['name'], event]))
    expect(new Set(byName.keys())).toEqual(new Set(names))
    expect(eventsOf(store)).toHaveLength(names.length)
    const [created, deleted, code, environment] = names.map((name) => byName.get(name))
    expect(created).toMatchObject({ timeMs: atMs, tags: { change: 'created' } })
    expect(deleted).toMatchObject({ timeMs: startMs + FIVE_MINUTES_MS, tags: { change: 'deleted' } })
    expect(code?.fields).toMatchObject({ changed: 'CodeSha256', df_title: `${names[2]} changed: code` })
    expect(environment?.fields).toMatchObject({ changed: 'unlisted', before: '{}', after: '{}' })
  })

  it('have the chosen resource tags of their function', async () => {
    const store = makeStore()
    await runAt(store, { number: 0 })
    for (let index = 20; index < 40; index += 1) await change(index, 'code')
    await runAt(store, { number: 1 })
    expect(eventsOf(store)).toHaveLength(20)
    const teams = new Set(eventsOf(store).map(({ tags }) => tags['team']))
    expect(teams).toContain('平台, 二组')
    await deliver(aws.simulator.url, eventsOf(store))
  })

  it('are told once, wherever a run is killed', async () => {
    for (let killedAt = 1; killedAt <= 8; killedAt += 1) {
      startMs += 60 * MINUTE_MS
      const store = makeStore()
      await runAt(store, { number: 0 })
      for (const index of [50, 51, 52, 53]) await change(index, 'code')
      await change(60 + killedAt, 'delete')
      let commits = 0
      const beforeCommit = (): void => {
        commits += 1
        if (commits === killedAt) throw new Error('killed')
      }
      await runAt(store, { number: 1, beforeCommit }).catch(() => undefined)
      await runAt(store, { number: 2 })
      const ids = eventsOf(store).map(({ tags }) => tags['df_event_id'])
      expect({ killedAt, events: ids.length, different: new Set(ids).size }).toEqual({
        killedAt,
        events: 5,
        different: 5,
      })
    }
  })

  it('are a deletion and a creation where a listing lies between, and else a change', async () => {
    const store = makeStore()
    await runAt(store, { number: 0 })
    await change(100, 'delete', { atMs: startMs + MINUTE_MS })
    await change(101, 'delete', { atMs: startMs + MINUTE_MS })
    await change(101, 'create', { atMs: startMs + 3 * MINUTE_MS })
    await runAt(store, { number: 1 })
    await change(100, 'create', { atMs: startMs + 7 * MINUTE_MS })
    await runAt(store, { number: 2 })
    await change(100, 'delete', { atMs: startMs + 11 * MINUTE_MS })
    await runAt(store, { number: 3 })
    const [between, within] = await Promise.all([100, 101].map(nameOf))
    const toldOf = (name: string | undefined): unknown[] =>
      eventsOf(store)
        .filter(({ tags }) => tags['name'] === name)
        .map(({ tags, timeMs }) => [tags['change'], (timeMs - startMs) / MINUTE_MS])
    expect(toldOf(between)).toEqual([
      ['deleted', 5],
      ['created', 7],
      ['deleted', 15],
    ])
    expect(toldOf(within)).toEqual([['changed', 3]])
    const ids = eventsOf(store).map(({ tags }) => tags['df_event_id'])
    expect(new Set(ids).size).toBe(ids.length)
  })

  it('are not told of functions that the script leaves out, nor when a choice changes', async () => {
    const store = makeStore()
    await runAt(store, { number: 0 })
    const [kept, left] = await Promise.all([70, 71].map(nameOf))
    const configs: CollectorConfigs = { ...CONFIGS, exclude: { names: [left ?? ''] } }
    await runAt(store, { number: 1, configs })
    await change(70, 'code', { atMs: startMs + 7 * MINUTE_MS })
    await change(71, 'code', { atMs: startMs + 7 * MINUTE_MS })
    await runAt(store, { number: 2, configs })
    await runAt(store, { number: 3 })
    expect(eventsOf(store).map(({ tags }) => tags['name'])).toEqual([kept])
  })

  it('are none where the script wants none, and then nothing is kept for them', async () => {
    const store = makeStore()
    const configs: CollectorConfigs = { ...CONFIGS, change_events: false }
    await runAt(store, { number: 0, configs })
    await change(80, 'code')
    await runAt(store, { number: 1, configs })
    expect(eventsOf(store)).toEqual([])
    expect([...store.state.keys()].filter((key) => key.startsWith('facts/'))).toEqual([])
  })

  it('keep no value of an environment', async () => {
    const store = makeStore()
    await runAt(store, { number: 0 })
    await change(90, 'environment')
    await runAt(store, { number: 1 })
    expect(eventsOf(store)).toHaveLength(1)
    expect(JSON.stringify([...store.state])).not.toContain(ENVIRONMENT_SECRET_PREFIX)
    expect(JSON.stringify(store.points)).not.toContain(ENVIRONMENT_SECRET_PREFIX)
  })
})
