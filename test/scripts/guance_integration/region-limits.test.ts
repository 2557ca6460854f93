import { describe, expect, it, onTestFinished } from 'vitest'
import type { Json } from '../../../core/dff.ts'
import { openAccount } from '../../../scripts/guance_integration/main.ts'
import { commitRates, regionLimits, RegionLimits } from '../../../scripts/guance_integration/region-limits.ts'
import { NO_WAIT } from '../aws-fixture.ts'
import { makeRun, makeStore, SESSION, type TestRun, type TestStore } from '../run-context.ts'
import { startScriptedCloudwatch } from '../scripted-cloudwatch.ts'

const SCOPE = `${SESSION.accountId}/us-east-1`
const GET = 'cloudwatch:GetMetricData'
const HOUR_MS = 3_600_000

function runAt(store: TestStore, triggerTimeMs: number): TestRun {
  return makeRun(store, { triggerTimeMs, session: SESSION })
}

/** Sends `count` requests, one after the other, on a clock that moves only by waiting; the time they took in ms. */
async function timeOf(
  limits: (now: () => number) => RegionLimits,
  count: number,
  api = GET,
): Promise<number> {
  let nowMs = 0
  const one = limits(() => nowMs)
  const sleep = async (delayMs: number): Promise<void> => {
    nowMs += delayMs
  }
  for (let index = 0; index < count; index += 1) await one.paced(api, sleep, async () => undefined)
  return nowMs
}

async function throttle(limits: RegionLimits, api: string, lanes: number): Promise<void> {
  const error = Object.assign(new Error('Rate exceeded'), { name: 'ThrottlingException' })
  const send = async (): Promise<never> => {
    await Promise.resolve()
    throw error
  }
  const all = Array.from({ length: lanes }, async () => limits.paced(api, async () => undefined, send))
  const ends = await Promise.allSettled(all)
  expect(ends.every(({ status }) => status === 'rejected')).toBe(true)
}

function ratesOf(store: TestStore): Json | undefined {
  return store.state.get(`rates/${SCOPE}`)
}

describe('the rate limits of a region', () => {
  it('keep every API below a fifth of its quota', async () => {
    const fresh = (now: () => number): RegionLimits => new RegionLimits(runAt(makeStore(), 0), SCOPE, now)
    const perSec = async (api: string, count: number): Promise<number> =>
      count / ((await timeOf(fresh, count, api)) / 1_000)
    // Long enough for the burst at the start not to count.
    expect(await perSec(GET, 20_000)).toBeLessThanOrEqual(101)
    expect(await perSec('cloudwatch:ListMetrics', 1_000)).toBeLessThanOrEqual(5.1)
    expect(await perSec('lambda:ListFunctions', 600)).toBeLessThanOrEqual(3.1)
  })

  it('count all control-plane calls of Lambda together', async () => {
    const limits = new RegionLimits(runAt(makeStore(), 0), SCOPE, () => 0)
    const waits: number[] = []
    const sleep = async (delayMs: number): Promise<void> => {
      waits.push(delayMs)
    }
    for (const api of ['lambda:ListFunctions', 'lambda:ListAliases', 'lambda:ListEventSourceMappings']) {
      await limits.paced(api, sleep, async () => undefined)
    }
    expect(waits).toHaveLength(1)
  })

  it('are one object for all collectors of a run', () => {
    const run = runAt(makeStore(), 0)
    expect(regionLimits(run, SCOPE)).toBe(regionLimits(run, SCOPE))
    expect(regionLimits(run, SCOPE)).not.toBe(regionLimits(run, `${SESSION.accountId}/eu-west-1`))
    expect(regionLimits(run, SCOPE)).not.toBe(regionLimits(runAt(makeStore(), 0), SCOPE))
  })

  it('start low in the next run where the last one was throttled, and as usual an hour later', async () => {
    const store = makeStore()
    const run = runAt(store, 0)
    await throttle(regionLimits(run, SCOPE), GET, 5)
    await commitRates(run)
    expect(ratesOf(store)).toEqual({ atMs: 0, rates: { [GET]: 25 } })

    const at = (triggerTimeMs: number) => (now: () => number) =>
      new RegionLimits(runAt(store, triggerTimeMs), SCOPE, now)
    const soonMs = await timeOf(at(300_000), 100)
    const usualMs = await timeOf(at(HOUR_MS + 1), 100)
    expect(soonMs).toBeGreaterThan(usualMs * 1.5)
  })

  it('learn from each attempt of the SDK too', async () => {
    const throttled = { status: 400, body: '{"__type":"com.amazonaws.cloudwatch#ThrottlingException"}' }
    const server = await startScriptedCloudwatch([throttled])
    onTestFinished(async () => server.close())
    const store = makeStore()
    const run = runAt(store, 0)
    const region = (await openAccount(run, {}, NO_WAIT)).region('us-east-1')
    const { ListMetricsCommand } = await import('@aws-sdk/client-cloudwatch')
    const client = await region.cloudwatch()
    await region.call('cloudwatch:ListMetrics', async () => client.send(new ListMetricsCommand({})))
    expect(server.asked).toHaveLength(2)
    await commitRates(run)
    const { rates } = ratesOf(store) as { rates: Record<string, number> }
    expect(rates['cloudwatch:ListMetrics']).toBeLessThan(2)
  })

  it('write no state when nothing was learnt', async () => {
    const store = makeStore()
    const run = runAt(store, 0)
    regionLimits(run, SCOPE)
    await commitRates(run)
    expect(store.commits).toEqual([])
  })

  it('end a wait with the task', async () => {
    const limits = new RegionLimits(runAt(makeStore(), 0), SCOPE, () => 0)
    const sleep = async (): Promise<void> => Promise.reject(new Error('deadline'))
    const send = async (): Promise<string> => 'sent'
    const calls = Array.from({ length: 4 }, async () => limits.paced('lambda:ListFunctions', sleep, send))
    const ends = await Promise.allSettled(calls)
    expect(ends.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'rejected'])
  })
})
