import {
  ListMetricsCommand,
  type ListMetricsCommandInput,
  paginateListMetrics,
} from '@aws-sdk/client-cloudwatch'
import { afterEach, describe, expect, it } from 'vitest'
import { parseFleet } from '../../simulator/fleet-file.ts'
import { type RunningSimulator, startSimulator } from '../../simulator/server.ts'
import { makeClients } from './aws-clients.ts'

const NOW = '2026-11-01T00:00:00Z'
const NOW_MS = Date.parse(NOW)
const MINUTE_MS = 60_000
const DAY_MS = 86_400_000

let simulator: RunningSimulator
afterEach(() => simulator.close())

async function start(document: object): Promise<void> {
  const base = { now: NOW, functions: 1, regions: ['us-east-1'], listing: true, late: true }
  simulator = await startSimulator({ latencyMs: 0, ...parseFleet({ ...base, ...document }) })
}

const busy = { name: 'busy', share: 1, traits: ['plain'], perMin: 20 }

/** How many series of functions are listed so long after the start. */
async function count(afterMs: number, input: Partial<ListMetricsCommandInput> = {}): Promise<number> {
  simulator.control('clock', { nowMs: NOW_MS + afterMs })
  let total = 0
  const pages = paginateListMetrics(
    { client: makeClients(simulator).cloudwatch },
    { Namespace: 'AWS/Lambda', ...input },
  )
  for await (const page of pages)
    total += page.Metrics?.filter(({ Dimensions }) => Dimensions?.length).length ?? 0
  return total
}

describe('ListMetrics by the rules of AWS', () => {
  it('lists new series one after the other, all within fifteen minutes of the first datapoint', async () => {
    await start({ groups: [busy], changes: [{ index: 0, kind: 'create' }] })
    expect(await count(0)).toBe(0)
    const counts: number[] = []
    // One after the other: each reading moves the clock.
    for (let minute = 1; minute <= 20; minute++) counts.push(await count(minute * MINUTE_MS))
    expect(counts.toSorted((left, right) => left - right)).toEqual(counts)
    expect(new Set(counts).size).toBeGreaterThan(3)
    expect(counts.at(-1)).toBe(10)
    expect(counts[0]).toBeLessThan(10)
  })

  it('lists a deleted function for two weeks', async () => {
    await start({ groups: [busy], changes: [{ index: 0, kind: 'delete', afterMin: 60 }] })
    expect(await count(0)).toBe(10)
    expect(await count(DAY_MS)).toBe(10)
    expect(await count(13.9 * DAY_MS)).toBe(10)
    expect(await count(14.2 * DAY_MS)).toBe(0)
    // Back in time: nothing that was remembered on the way may stay.
    expect(await count(13 * DAY_MS)).toBe(10)
  })

  it('keeps to RecentlyActive on the inclusive side: three hours, and up to fifty minutes more', async () => {
    await start({ groups: [busy], changes: [{ index: 0, kind: 'delete', afterMin: 60 }] })
    const recent = { RecentlyActive: 'PT3H' } as const
    const lastMs = 60 * MINUTE_MS
    expect(await count(lastMs + 170 * MINUTE_MS, recent)).toBe(10)
    expect(await count(lastMs + 4 * 60 * MINUTE_MS, recent)).toBe(0)
    expect(await count(lastMs + 4 * 60 * MINUTE_MS)).toBe(10)
  })

  it('never lists an idle function, and a bursty one from its first burst on', async () => {
    await start({ groups: [{ ...busy, activity: 'idle' }] })
    expect(await count(DAY_MS)).toBe(0)
  })

  it('goes on with the list as it was when the first page was asked for', async () => {
    await start({ functions: 80, groups: [busy], changes: [{ index: 0, kind: 'delete', afterMin: 60 }] })
    const { cloudwatch } = makeClients(simulator)
    const read = async (NextToken?: string) =>
      cloudwatch.send(new ListMetricsCommand(NextToken === undefined ? {} : { NextToken }))
    const first = await read()
    const whole = await read(first.NextToken)
    simulator.control('clock', { offsetMs: 15 * DAY_MS })
    const second = await read(first.NextToken)
    expect(second.Metrics).toEqual(whole.Metrics)
    // By now the list is one function shorter, so that a page cut from it would begin ten series later.
    expect((await read((await read()).NextToken)).Metrics).not.toEqual(whole.Metrics)
  })
})
