import { describe, expect, it, onTestFinished } from 'vitest'
import type { CloudwatchConfigs } from '../../core/dff.ts'
import { CloudwatchCollector } from '../../scripts/guance_aws_cloudwatch/main.ts'
import { inventoryState, Runner } from '../../scripts/guance_integration/main.ts'
import { FIRST_TRIGGER_MS, FIVE_MINUTES_MS, NO_WAIT, startAws } from './aws-fixture.ts'
import { makeRun, makeStore, type TestStore } from './run-context.ts'

const OWN = '111111111111'
const LINKED = ['222222222222', '333333333333']
const HOUR_MS = 3_600_000

async function start(linked: readonly string[] = LINKED, regions: readonly string[] = ['us-east-1']) {
  const aws = await startAws({ functions: 4, regions, accountIds: [OWN, ...LINKED] })
  onTestFinished(() => aws.close())
  await aws.control('POST', 'links', { accountId: OWN, linked })
  const account = { extra_tags: { account_name: 'monitoring', team: 'sre' } }
  const script = (more: Partial<CloudwatchConfigs> = { linked_accounts: 'auto' }) =>
    Runner(
      CloudwatchCollector(
        account,
        {
          regions: ['us-east-1'],
          targets: [{ namespace: 'AWS/Lambda', metrics: ['Invocations', 'Errors', 'Duration'] }],
          ...more,
        },
        NO_WAIT,
      ),
    )
  const runOf = (store: TestStore, number = 0) =>
    makeRun(store, { triggerTimeMs: FIRST_TRIGGER_MS + number * FIVE_MINUTES_MS, session: aws.session })
  return { aws, script, runOf }
}

function ownersOf({ points }: TestStore): readonly string[] {
  return [...new Set(points.map(({ tags }) => tags['account_id'] ?? ''))].toSorted((left, right) =>
    left < right ? -1 : 1,
  )
}

describe('accounts that are linked to a monitoring account', () => {
  it('keep the tags of their own functions, whatever the monitoring account has', async () => {
    const { script, runOf } = await start()
    const first = makeStore()
    await script().run(runOf(first))
    const names = new Set(first.points.flatMap(({ tags }) => tags['name'] ?? []))
    const store = makeStore()
    const run = runOf(store)
    const listing = { listedAtMs: FIRST_TRIGGER_MS - 1, pages: 1, sweep: {}, aliases: {} }
    for (const accountId of [OWN, ...LINKED]) {
      const entries =
        accountId === OWN ? [] : [...names].map((name) => ({ name, tags: { Runtime: 'java21' } }))
      const key = { objectClass: 'aws_lambda', accountId, region: 'us-east-1' }
      await run.commit({ points: [], state: await inventoryState(run, key, { ...listing, entries }) })
    }
    await script().run(run)
    const runtimes = store.points.flatMap(({ tags }) =>
      tags['account_id'] !== OWN && tags['name'] !== undefined ? [tags['Runtime']] : [],
    )
    expect(runtimes.length).toBeGreaterThan(0)
    expect(new Set(runtimes)).toEqual(new Set(['java21']))
    expect(run.problems).toEqual([])
  })

  it('are read through it, each under its own id, and each value is what its owner has', async () => {
    const { aws, script, runOf } = await start()
    const store = makeStore()
    const runs = [0, 1, 2].map((number) => runOf(store, number))
    for (const run of runs) await script().run(run)
    expect(runs.flatMap(({ problems }) => problems)).toEqual([])
    expect(ownersOf(store)).toEqual([OWN, ...LINKED])
    const named = store.points.filter(({ tags }) => tags['account_name'] !== undefined)
    expect(new Set(named.map(({ tags }) => tags['account_id']))).toEqual(new Set([OWN]))
    expect(store.points.every(({ tags }) => tags['team'] === 'sre')).toBe(true)
    const lines = store.points.map(
      ({ tags, timeMs }) =>
        `${tags['account_id']} ${tags['Dimensions']} ${tags['name']} ${tags['Resource']} ${timeMs}`,
    )
    expect(new Set(lines).size).toBe(lines.length)
    for (const accountId of [OWN, ...LINKED]) {
      await aws.control('POST', 'received/reset')
      const audit = await aws.audit(
        { ...store, points: store.points.filter(({ tags }) => tags['account_id'] === accountId) },
        {
          startMs: FIRST_TRIGGER_MS - HOUR_MS,
          endMs: FIRST_TRIGGER_MS - 30 * 60_000,
          accountId,
          metrics: ['Invocations', 'Errors', 'Duration'],
        },
      )
      // There is no collector of objects.
      expect(audit).toMatchObject({ missing: 4, wrong: 0, extra: 0 })
      expect(audit.samples.every((one) => one.startsWith('missing object '))).toBe(true)
      expect(audit.expected).toBeGreaterThan(0)
    }
  })

  it('are found by regions: auto in a region where the monitoring account itself has nothing', async () => {
    const { aws, script, runOf } = await start(LINKED, ['us-east-1', 'eu-west-1'])
    await aws.control('POST', 'listing', { on: true })
    for (const index of [1, 3]) {
      await aws.control('POST', 'functions', { accountId: OWN, index, kind: 'create', afterMin: 60 })
    }
    const regionsOf = ({ points }: TestStore, accountId: string): ReadonlySet<string | undefined> =>
      new Set(
        points.filter(({ tags }) => tags['account_id'] === accountId).map(({ tags }) => tags['RegionId']),
      )
    const alone = makeStore()
    await script({ regions: 'auto' }).run(runOf(alone))
    expect(regionsOf(alone, OWN)).toEqual(new Set(['us-east-1']))
    // The same store: what was examined without linked accounts is no answer for them.
    const run = runOf(alone, 1)
    const both = script({ regions: 'auto', linked_accounts: 'auto' })
    await both.run(run)
    expect(run.problems).toEqual([])
    expect(run.lines.join('\n')).toContain('something to collect in eu-west-1, us-east-1')
    expect(regionsOf(alone, OWN)).toEqual(new Set(['us-east-1']))
    for (const id of LINKED) expect(regionsOf(alone, id)).toEqual(new Set(['us-east-1', 'eu-west-1']))
    const quiet = LINKED[0] ?? ''
    const name = alone.points.find(
      ({ tags }) => tags['account_id'] === quiet && tags['RegionId'] === 'eu-west-1',
    )
    const explained = await both.explain?.(runOf(alone, 1), { name: name?.tags['name'] ?? '' })
    expect(JSON.stringify(explained)).toContain(`${quiet}/eu-west-1`)
  })

  it('are billed to the account that asks, planned as what they cost, and explained each', async () => {
    const { script, runOf } = await start()
    const store = makeStore()
    const run = runOf(store)
    await script().run(run)
    expect(new Set(run.usage.map(({ accountId }) => accountId))).toEqual(new Set([OWN]))
    expect(new Set(run.predictions.map(({ accountId }) => accountId))).toEqual(new Set([OWN]))
    const alone = makeStore()
    await script({}).run(runOf(alone))
    const billed = async (more: Partial<CloudwatchConfigs>): Promise<number> => {
      const plan = await script(more).plan?.(runOf(makeStore()), { intervalMs: FIVE_MINUTES_MS })
      return plan?.metrics.reduce((sum, row) => sum + row.billedMetrics, 0) ?? 0
    }
    expect(await billed({ linked_accounts: 'auto' })).toBeGreaterThan(await billed({}))
    const own = store.points.filter(({ tags }) => tags['account_id'] === LINKED[0])
    const name = own.map(({ tags }) => tags['name']).find((one) => one !== undefined) ?? ''
    const explained = await script().explain?.(runOf(store), { name })
    expect(JSON.stringify(explained)).toContain(LINKED[0])
  })

  it('are those that are named, and none without being asked for', async () => {
    const { script, runOf } = await start()
    const store = makeStore()
    await script({ linked_accounts: ['333333333333'] }).run(runOf(store))
    expect(ownersOf(store)).toEqual([OWN, '333333333333'])
    const none = makeStore()
    await script({}).run(runOf(none))
    expect(ownersOf(none)).toEqual([OWN])
  })

  it('fail alone where they are not linked, and are found when they are', async () => {
    const { aws, script, runOf } = await start(['222222222222'])
    const store = makeStore()
    await script().run(runOf(store, -12))
    expect(ownersOf(store)).toEqual([OWN, '222222222222'])
    await aws.control('POST', 'links', { accountId: OWN, linked: LINKED })
    await script().run(runOf(store, 1))
    expect(ownersOf(store)).toEqual([OWN, ...LINKED])
    const gone = runOf(store, 2)
    await aws.control('POST', 'links', { accountId: OWN, linked: ['333333333333'] })
    store.points.length = 0
    await script().run(gone)
    expect(ownersOf(store)).toEqual([OWN, '333333333333'])
    expect(gone.problems.map(({ scope }) => scope).every((scope) => scope.startsWith('222222222222/'))).toBe(
      true,
    )
    expect(gone.problems).not.toEqual([])
  })
})
