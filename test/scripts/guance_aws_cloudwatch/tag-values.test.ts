import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { admit, admitTagValues } from '../../../scripts/guance_aws_cloudwatch/tag-values.ts'
import { inventoryState, type InventoryEntry } from '../../../scripts/guance_integration/main.ts'
import { makeRun, makeStore, SESSION, type TestStore } from '../run-context.ts'

const ACCOUNT_ID = SESSION.accountId
const OBJECT_CLASS = 'aws_lambda'
const REGIONS = ['us-east-1', 'eu-west-1']

function runOf(store: TestStore) {
  return makeRun(store, { triggerTimeMs: 1_000_000, session: SESSION })
}

async function list(
  store: TestStore,
  region: string,
  entries: readonly InventoryEntry[],
  resourceTags = ['team'],
) {
  const run = runOf(store)
  const key = { objectClass: OBJECT_CLASS, accountId: ACCOUNT_ID, region }
  const inventory = { listedAtMs: 900_000, pages: 1, sweep: {}, entries, aliases: {}, resourceTags }
  await run.commit({ points: [], state: await inventoryState(run, key, inventory) })
}

function teamsOf(...teams: readonly string[]): readonly InventoryEntry[] {
  return teams.map((team, index) => ({ name: `f-${team}`, tags: { team }, sinceMs: 1_000 * index }))
}

async function admitted(store: TestStore, maxValues: number, keys: readonly string[] = ['team']) {
  const run = runOf(store)
  const linked = { accountId: ACCOUNT_ID, objectClass: OBJECT_CLASS, regions: REGIONS, keys, maxValues }
  const values = await admitTagValues(run, linked)
  return { values: [...(values.get('team') ?? [])], problems: run.problems }
}

describe('values of a tag that metrics take over', () => {
  it('may be any where no function is listed', async () => {
    const values = await admitTagValues(runOf(makeStore()), {
      accountId: ACCOUNT_ID,
      objectClass: OBJECT_CLASS,
      regions: REGIONS,
      keys: ['team'],
      maxValues: 1,
    })
    expect(values.get('team')).toBeUndefined()
  })

  it('are counted over all regions of an account, those of the functions known longest first, and the rest is named', async () => {
    const store = makeStore()
    await list(store, 'us-east-1', teamsOf('平台, 二组', 'b'))
    await list(store, 'eu-west-1', teamsOf('b', 'a="x"', 'c'))
    const { values, problems } = await admitted(store, 2)
    expect(values).toEqual(['b', '平台, 二组'])
    expect(problems).toMatchObject([{ code: 'tag-values', severity: 'warning', scope: ACCOUNT_ID }])
    expect(problems[0]?.message).toContain('The tag team has 4 values, and metrics get 2 of them')
    expect(problems[0]?.message).toContain(String.raw`("a=\"x\"", "c")`)
  })

  it('never lose their place to one that an older function gets later', async () => {
    const store = makeStore()
    await list(store, 'us-east-1', [{ name: 'old', tags: {}, sinceMs: 0 }, ...teamsOf('a', 'b')])
    expect((await admitted(store, 2)).values).toEqual(['a', 'b'])
    await list(store, 'us-east-1', [{ name: 'old', tags: { team: 'new' }, sinceMs: 0 }, ...teamsOf('a', 'b')])
    const { values, problems } = await admitted(store, 2)
    expect(values).toEqual(['a', 'b'])
    expect(problems.map(({ code }) => code)).toEqual(['tag-values'])
  })

  it('give their place up when nobody has them any more and another needs it', async () => {
    const store = makeStore()
    await list(store, 'us-east-1', teamsOf('a', 'b'))
    await admitted(store, 2)
    await list(store, 'us-east-1', teamsOf('b'))
    expect((await admitted(store, 2)).values).toEqual(['b', 'a'])
    await list(store, 'us-east-1', teamsOf('b', 'c'))
    expect(await admitted(store, 2)).toEqual({ values: ['b', 'c'], problems: [] })
  })

  it('of a tag that nobody reads are missed by name', async () => {
    const store = makeStore()
    await list(store, 'us-east-1', teamsOf('a'), ['stage'])
    const { problems } = await admitted(store, 10, ['team', 'Runtime', 'stage'])
    expect(problems).toMatchObject([{ code: 'tag-unasked' }])
    expect(problems[0]?.message).toContain('object_tags names team, which')
  })
})

describe('admit', () => {
  it('keeps who is in and occurs, fills up in order, and never lets in more than fit', () => {
    const names = fc.uniqueArray(fc.constantFrom<string>('a', 'b', 'c', 'd', 'e', 'f'))
    fc.assert(
      fc.property(names, names, fc.integer({ min: 1, max: 6 }), (before, values, max) => {
        const known = before.slice(0, max)
        const after = admit(known, values, max)
        expect(after.length).toBeLessThanOrEqual(max)
        expect(new Set(after).size).toBe(after.length)
        for (const value of known) if (values.includes(value)) expect(after).toContain(value)
        const left = values.filter((value) => !after.includes(value))
        if (left.length > 0) expect(after.every((value) => values.includes(value))).toBe(true)
        expect(admit(after, values, max).toSorted()).toEqual(after.toSorted())
      }),
    )
  })
})
