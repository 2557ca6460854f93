import { afterEach, describe, expect, it } from 'vitest'
import type { Slice } from '../../../core/dff.ts'
import { makeStore } from '../run-context.ts'
import { type ScriptedCloudwatch, startScriptedCloudwatch } from '../scripted-cloudwatch.ts'
import { collectAt, runAt } from './collect-once.ts'

const MINUTE_MS = 60_000

let server: ScriptedCloudwatch | undefined
afterEach(async () => server?.close())

/** Two functions a page, of those that there are; `changeAfter` has something happen behind so many further pages. */
async function startPages(listed: { names: string[] }) {
  let left = 0
  let change: () => void = () => undefined
  server = await startScriptedCloudwatch(({ target, query }) => {
    if (target.includes('event-source-mappings')) return { EventSourceMappings: [] }
    const page = Number(query.get('Marker') ?? 0)
    const functions = listed.names.slice(page * 2, page * 2 + 2)
    const reply = {
      Functions: functions.map((FunctionName) => ({ FunctionName, RevisionId: FunctionName })),
      ...(page * 2 + 2 < listed.names.length ? { NextMarker: String(page + 1) } : {}),
    }
    left -= 1
    if (left === 0) change()
    return reply
  })
  const changeAfter = (pages: number, act: () => void): void => {
    left = pages
    change = act
  }
  return { changeAfter }
}

describe('a listing that differs from the one before', () => {
  it('writes a last object of each function that is gone, with the inventory that no longer has it', async () => {
    const f = { FunctionName: 'f', RevisionId: 'r-f' }
    const g = { FunctionName: 'g, "中"', RevisionId: 'r-g', Runtime: 'nodejs24.x', Role: 'role' }
    let functions: object[] = [f, g]
    server = await startScriptedCloudwatch(({ target }) =>
      target.includes('event-source-mappings') ? { EventSourceMappings: [] } : { Functions: functions },
    )
    const store = makeStore()
    const firstMs = Date.parse('2026-11-23T12:00:00Z')
    await collectAt(store, firstMs)
    functions = [f]
    await collectAt(store, firstMs + 5 * MINUTE_MS)
    const last = store.commits.at(-1)
    expect(last?.points).toMatchObject([
      {
        measurement: 'aws_lambda',
        timeMs: firstMs + 5 * MINUTE_MS,
        tags: { name: 'g, "中"', FunctionName: 'g, "中"', RevisionId: 'r-g', Runtime: 'nodejs24.x' },
        fields: { State: 'Deleted', LastListedTime: '2026-11-23T12:00:00Z' },
      },
    ])
    expect(Object.keys(last?.state ?? {})).toContain('inventory/aws_lambda/123456789012/us-east-1')
    const before = store.points.length
    await collectAt(store, firstMs + 10 * MINUTE_MS)
    expect(store.points.slice(before).map(({ tags }) => tags['name'])).toEqual(['f'])
  })

  it('takes nobody for deleted whom a deletion moved between two pages while they were read', async () => {
    const listed = { names: ['f0', 'f1', 'f2', 'f3', 'f4'] }
    const { changeAfter } = await startPages(listed)
    const store = makeStore()
    await collectAt(store, 0)
    changeAfter(1, () => (listed.names = listed.names.filter((name) => name !== 'f0')))
    const { inventory } = await collectAt(store, 5 * MINUTE_MS)
    // f2 moved to the page that was read already; f0 was read before it was deleted.
    expect(inventory?.entries.map(({ name }) => name).toSorted()).toEqual(['f0', 'f1', 'f2', 'f3', 'f4'])
    const next = await collectAt(store, 10 * MINUTE_MS)
    expect(next.inventory?.entries.map(({ name }) => name).toSorted()).toEqual(['f1', 'f2', 'f3', 'f4'])
    const events = store.points.filter(({ category }) => category === 'keyevent')
    expect(events.map(({ tags }) => [tags['name'], tags['change']])).toEqual([['f0', 'deleted']])
  })

  it('takes nobody for two whom a creation moved between two pages while they were read', async () => {
    const listed = { names: ['f1', 'f2', 'f3', 'f4'] }
    const { changeAfter } = await startPages(listed)
    const store = makeStore()
    await collectAt(store, 0)
    changeAfter(1, () => (listed.names = ['f0', ...listed.names]))
    const before = store.points.length
    // f2 was on the page that was read, and is on the next one, too; f0 came behind the reader's back.
    const { inventory } = await collectAt(store, 5 * MINUTE_MS)
    expect(inventory?.entries.map(({ name }) => name)).toEqual(['f1', 'f2', 'f3', 'f4'])
    expect(store.points.slice(before).map(({ tags }) => tags['name'])).toEqual(['f1', 'f2', 'f3', 'f4'])
    await collectAt(store, 10 * MINUTE_MS)
    const events = store.points.filter(({ category }) => category === 'keyevent')
    expect(events.map(({ tags }) => [tags['name'], tags['change']])).toEqual([['f0', 'created']])
  })

  it('tells each of many changes once, wherever between its slices a commit is refused', async () => {
    let revision = 0
    const functionOf = (index: number) => ({ FunctionName: `f${index}`, RevisionId: `${index}/${revision}` })
    server = await startScriptedCloudwatch(({ target }) =>
      target.includes('event-source-mappings')
        ? { EventSourceMappings: [] }
        : {
            Functions: Array.from({ length: 1_600 }, (_, index) => ({
              ...functionOf(index),
              Description: `${revision}`,
            })),
          },
    )
    const store = makeStore()
    await collectAt(store, 0)
    for (const refused of [1, 2, 3]) {
      revision += 1
      const before = store.points.length
      let slices = 0
      const beforeCommit = ({ points }: Slice): void => {
        slices += points.some(({ category }) => category === 'keyevent') ? 1 : 0
        if (slices === refused) throw new Error('no room')
      }
      const triggerTimeMs = (2 * revision - 1) * MINUTE_MS
      const run = collectAt(store, triggerTimeMs, runAt(store, triggerTimeMs, { beforeCommit }))
      await expect(run).rejects.toThrow('no room')
      await collectAt(store, 2 * revision * MINUTE_MS)
      const told = store.points.slice(before).filter(({ category }) => category === 'keyevent')
      expect(told).toHaveLength(1_600)
      expect(new Set(told.map(({ tags }) => tags['name'])).size).toBe(1_600)
    }
  })

  it('writes the last objects of more functions than fit a slice', async () => {
    let count = 1_203
    server = await startScriptedCloudwatch(({ target }) => {
      if (target.includes('event-source-mappings')) return { EventSourceMappings: [] }
      return { Functions: Array.from({ length: count }, (_, index) => ({ FunctionName: `f${index}` })) }
    })
    const store = makeStore()
    await collectAt(store, 0)
    count = 1
    await collectAt(store, 5 * MINUTE_MS)
    const deleted = store.points.filter(({ fields }) => fields['State'] === 'Deleted')
    expect(new Set(deleted.map(({ tags }) => tags['name'])).size).toBe(1_202)
    expect(Math.max(...store.commits.map(({ points }) => points.length))).toBeLessThanOrEqual(1_203)
    expect(store.commits.slice(-3).map(({ points }) => points.length)).toEqual([500, 500, 202])
  })
})
