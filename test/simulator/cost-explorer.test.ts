import {
  CostExplorerClient,
  GetCostAndUsageCommand,
  type GetCostAndUsageCommandInput,
} from '@aws-sdk/client-cost-explorer'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { SimulatorOptions } from '../../simulator/options.ts'
import { startSimulator } from '../../simulator/server.ts'
import { keysOf } from './aws-clients.ts'

const NOW_MS = Date.parse('2026-11-10T09:00:00Z')
const HOUR_MS = 3_600_000
const QUESTION: GetCostAndUsageCommandInput = {
  TimePeriod: { Start: '2026-11-08', End: '2026-11-10' },
  Granularity: 'DAILY',
  Metrics: ['BlendedCost'],
  GroupBy: [
    { Type: 'DIMENSION', Key: 'LINKED_ACCOUNT' },
    { Type: 'DIMENSION', Key: 'SERVICE' },
  ],
}

async function open(billing: SimulatorOptions['billing']) {
  const options = billing === undefined ? {} : { billing }
  const simulator = await startSimulator({ functions: 4, latencyMs: 0, nowMs: NOW_MS, ...options })
  onTestFinished(async () => simulator.close())
  const client = new CostExplorerClient({
    endpoint: simulator.url,
    region: 'us-east-1',
    credentials: keysOf(simulator),
    maxAttempts: 1,
  })
  const ask = async (changes: Partial<GetCostAndUsageCommandInput> = {}) =>
    client.send(new GetCostAndUsageCommand({ ...QUESTION, ...changes }))
  return { simulator, ask }
}

function amounts(reply: Awaited<ReturnType<Awaited<ReturnType<typeof open>>['ask']>>): Map<string, string> {
  const entries = (reply.ResultsByTime ?? []).flatMap(({ TimePeriod, Groups = [] }) =>
    Groups.map(({ Keys = [], Metrics }) => {
      const key = `${TimePeriod?.Start} ${Keys.join(' ')}`
      return [key, Metrics?.['BlendedCost']?.Amount ?? ''] as const
    }),
  )
  return new Map(entries)
}

describe('the simulated Cost Explorer', () => {
  it('answers in pages, whose rows are those of one', async () => {
    const whole = await open({ linked: 1 })
    const paged = await open({ linked: 1, pageRows: 7 })
    const all = amounts(await whole.ask())
    const rows = new Map<string, string>()
    let token: string | undefined
    let pages = 0
    do {
      const reply = await paged.ask(token === undefined ? {} : { NextPageToken: token })
      for (const [key, amount] of amounts(reply)) rows.set(key, amount)
      token = reply.NextPageToken
      pages += 1
    } while (token !== undefined)
    expect(rows).toEqual(all)
    expect(pages).toBe(Math.ceil(all.size / 7))
    expect(paged.simulator.control('billing/paid')).toMatchObject({
      byDay: { '2026-11-10': pages },
      repeated: 0,
    })
  })

  it('changes days after they are over, three times a day, until they hold', async () => {
    const { simulator, ask } = await open({})
    const seen = new Set<string>()
    for (let hour = 0; hour < 24 * 3; hour += 1) {
      simulator.control('clock', { nowMs: NOW_MS + hour * HOUR_MS })
      seen.add(JSON.stringify([...amounts(await ask())]))
    }
    expect(seen.size).toBeGreaterThan(4)
    expect(seen.size).toBeLessThanOrEqual(10)
  })

  it('calls the days of a month an estimate until its invoice is closed', async () => {
    const { simulator, ask } = await open({})
    const flags = async (): Promise<unknown> => (await ask()).ResultsByTime?.map(({ Estimated }) => Estimated)
    expect(await flags()).toEqual([true, true])
    simulator.control('clock', { nowMs: Date.parse('2026-12-04T09:00:00Z') })
    expect(await flags()).toEqual([false, false])
  })

  it('refuses what AWS refuses, and takes no money for it', async () => {
    const { simulator, ask } = await open({})
    const three = [...(QUESTION.GroupBy ?? []), { Type: 'DIMENSION' as const, Key: 'USAGE_TYPE' }]
    const day = { Start: '2026-11-08', End: '2026-11-08' }
    await expect(ask({ GroupBy: three })).rejects.toMatchObject({ name: 'ValidationException' })
    await expect(ask({ TimePeriod: day })).rejects.toMatchObject({ name: 'ValidationException' })
    await expect(ask({ NextPageToken: 'made up' })).rejects.toMatchObject({
      name: 'InvalidNextTokenException',
    })
    expect(simulator.control('billing/paid')).toMatchObject({ byDay: {} })
  })

  it('forgets a token at the next refresh', async () => {
    const { simulator, ask } = await open({ pageRows: 3 })
    const { NextPageToken } = await ask()
    simulator.control('clock', { nowMs: NOW_MS + 8 * HOUR_MS })
    await expect(ask({ NextPageToken: NextPageToken ?? '' })).rejects.toMatchObject({
      name: 'InvalidNextTokenException',
    })
  })
})
