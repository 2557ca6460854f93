import { describe, expect, it } from 'vitest'
import type { Usage } from '../../core/script.ts'
import { LEASE_MS, makeBatch, makeTask, type StoreFixture, SUCCESS, T0 } from './store-fixture.ts'

const DAY_MS = 86_400_000
/** T0 is in the middle of a day. */
const TODAY_MS = Math.floor(T0 / DAY_MS) * DAY_MS
const API = 'cloudwatch:GetMetricData'

function use(billedMetrics: number, changes: Partial<Usage> = {}): Usage {
  return { api: API, requests: 1, billedMetrics, accountId: '111111111111', region: 'us-east-1', ...changes }
}

/** The meter. */
export function describeUsage(fixture: () => StoreFixture): void {
  describe('usage', () => {
    const billed = async (startMs = TODAY_MS, endMs = TODAY_MS + DAY_MS): Promise<number> =>
      (await fixture().store.usage.sum(startMs, endMs)).reduce((sum, row) => sum + row.billedMetrics, 0)

    it('adds up what commits, ends and questions used, by account, region and API', async () => {
      const lease = await fixture().runTask('a')
      await fixture().commit(lease, { usage: [use(10), use(5, { region: 'eu-west-1' })] })
      await fixture().commit(lease, { usage: [use(7)] })
      const uncounted = [use(1), { api: 'lambda:ListFunctions', requests: 3, billedMetrics: 0 }]
      await fixture().store.queue.finish(lease, { ...SUCCESS, uncounted })
      await fixture().store.usage.add([use(2, { accountId: '222222222222' })], T0)
      await fixture().store.usage.add([], T0)
      const row = { accountId: '111111111111', region: 'us-east-1', api: API }
      expect(await fixture().store.usage.sum(TODAY_MS, TODAY_MS + DAY_MS)).toEqual([
        { accountId: '', region: '', api: 'lambda:ListFunctions', requests: 3, billedMetrics: 0 },
        { ...row, region: 'eu-west-1', requests: 1, billedMetrics: 5 },
        { ...row, requests: 3, billedMetrics: 18 },
        { ...row, accountId: '222222222222', requests: 1, billedMetrics: 2 },
      ])
    })

    it('keeps days apart and forgets the old ones', async () => {
      await fixture().store.usage.add([use(1)], TODAY_MS - 1)
      await fixture().store.usage.add([use(2)], TODAY_MS)
      await fixture().store.usage.add([use(4)], TODAY_MS + DAY_MS - 1)
      expect(await billed()).toBe(6)
      expect(await billed(TODAY_MS - DAY_MS, TODAY_MS)).toBe(1)
      expect(await fixture().store.usage.prune(TODAY_MS)).toBe(1)
      expect(await billed(0)).toBe(6)
    })

    it('counts nothing for a commit that is refused: it is counted when the task ends', async () => {
      const lease = await fixture().runTask('a')
      const refused = { batches: [makeBatch('x'.repeat(101))], usage: [use(5)] }
      expect(await fixture().commit(lease, refused)).toBe('outbox-full')
      expect(await billed()).toBe(0)
    })

    it('counts what a task used that lost its lease: AWS bills it all the same', async () => {
      const lost = await fixture().runTask('a')
      await fixture().store.queue.enqueueOnce(makeTask('b'))
      await fixture().store.queue.claim('b', T0 + LEASE_MS, LEASE_MS)
      expect(await fixture().store.queue.finish(lost, { ...SUCCESS, uncounted: [use(3)] })).toBe(false)
      expect(await billed()).toBe(3)
    })
  })
}
