import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Usage } from '../../../core/script.ts'
import { readAccountUsage } from '../../../runner/cost/account-usage.ts'
import { makePriceList } from '../../../runner/cost/price-list.ts'
import { openSqliteStore } from '../../../runner/store/sqlite/open.ts'
import type { Store } from '../../../runner/store/store.ts'

const NOW_MS = Date.UTC(2026, 10, 25, 12)
const PRICES = makePriceList({})

async function openStore(): Promise<Store> {
  const folder = mkdtempSync(join(tmpdir(), 'dff-usage-'))
  const store = await openSqliteStore(join(folder, 'host.db'))
  onTestFinished(async () => {
    await store.close()
    rmSync(folder, { recursive: true, force: true })
  })
  return store
}

function use(changes: Partial<Usage>): Usage {
  const place = { accountId: '111111111111', region: 'us-east-1' }
  return { api: 'cloudwatch:GetMetricData', requests: 1, billedMetrics: 0, ...place, ...changes }
}

describe('the meter of accounts', () => {
  it('tells today from the month, by account', async () => {
    const { usage } = await openStore()
    await usage.add([use({ billedMetrics: 9_000_000 })], Date.UTC(2026, 9, 31, 23, 59))
    await usage.add([use({ billedMetrics: 2_000_000 })], Date.UTC(2026, 10, 1))
    await usage.add([use({ billedMetrics: 1_000_000 })], NOW_MS)
    await usage.add([use({ billedMetrics: 1_000_000, region: 'cn-north-1', accountId: '2' })], NOW_MS)
    expect(await readAccountUsage(usage, PRICES, NOW_MS)).toEqual([
      {
        accountId: '111111111111',
        today: {
          requests: 1,
          billedMetrics: 1_000_000,
          bill: { costs: [{ currency: 'USD', amount: 10 }], isWhole: true },
        },
        month: {
          requests: 2,
          billedMetrics: 3_000_000,
          bill: { costs: [{ currency: 'USD', amount: 30 }], isWhole: true },
        },
      },
      expect.objectContaining({
        accountId: '2',
        month: expect.objectContaining({
          bill: { costs: [{ currency: 'CNY', amount: 65.1 }], isWhole: true },
        }) as object,
      }),
    ])
  })

  it('bills today the listing requests for which the free ones of the month were used up before', async () => {
    const { usage } = await openStore()
    const list = (requests: number): Usage[] => [use({ api: 'cloudwatch:ListMetrics', requests })]
    await usage.add(list(900_000), Date.UTC(2026, 10, 2))
    await usage.add(list(300_000), NOW_MS)
    const [account] = await readAccountUsage(usage, PRICES, NOW_MS)
    expect(account?.today.bill?.costs).toEqual([{ currency: 'USD', amount: 2 }])
    expect(account?.month.bill?.costs).toEqual([{ currency: 'USD', amount: 2 }])
  })

  it('has quantities without prices', async () => {
    const { usage } = await openStore()
    await usage.add([use({ billedMetrics: 5, region: 'us-gov-west-1' })], NOW_MS)
    const [without] = await readAccountUsage(usage, undefined, NOW_MS)
    expect(without?.today).toEqual({ requests: 1, billedMetrics: 5, bill: null })
    const [unknown] = await readAccountUsage(usage, PRICES, NOW_MS)
    expect(unknown?.today.bill).toEqual({ costs: [], isWhole: false })
  })
})
