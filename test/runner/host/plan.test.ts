import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openClient } from '../../../runner/client.ts'
import type { FormValues, HostClient, HostMethods } from '../../../runner/host-api.ts'
import { type Ground, makeGround } from './fixture.ts'

const EXEC = { target: 'demo_set', atMs: null, debug: false } as const
const PLAN = { target: 'demo_set', backfill: null, compare: null } as const
const TRIGGER = 'cron-startup-demo_set'

let ground: Ground
let client: HostClient

async function open(): Promise<HostClient> {
  return openClient(ground.home, { command: 'test', marketRoot: ground.marketRoot })
}

async function deploy(parameters: FormValues): Promise<void> {
  await client.call('install', { setId: 'demo_set', parameters, force: false })
  await client.call('deploy', { setId: 'demo_set', force: true })
}

async function plan(changes: Partial<HostMethods['plan']['input']> = {}) {
  return client.call('plan', { ...PLAN, ...changes })
}

function scriptPath(): string {
  return join(ground.home, 'startup/demo_set.ts')
}

beforeEach(async () => {
  ground = makeGround()
  client = await open()
})

afterEach(async () => {
  await client.close()
  ground.remove()
})

describe('plan', () => {
  it('prices what the script says it will ask for, with the schedule of its trigger', async () => {
    await deploy({ names: ['a', 'b c'] })
    const { plan: planned, other, change } = await plan()
    expect([other, change]).toEqual([null, null])
    expect(planned).toMatchObject({
      funcId: 'startup__demo_set.run',
      scriptPath: scriptPath(),
      schedule: { cronExpr: '*/5 * * * *', intervalMs: 300_000, pollsPerMonth: 8_640, isEnabled: true },
      asked: [{ api: 'demo:List', requests: 3 }],
      poll: { billedMetrics: 2_000, bill: { costs: [{ currency: 'USD', amount: 0.02 }], isWhole: true } },
      month: { bill: { costs: [{ currency: 'USD', amount: 172.8 }] } },
      series: { perDay: 7 },
      problems: [],
    })
    expect(planned.metrics).toMatchObject([{ metric: '300000', series: 2 }])
    expect(planned.prices).toMatchObject([{ partition: 'aws', price: { currency: 'USD' } }])
  })

  it('goes by an override of the schedule, and says that the trigger is disabled', async () => {
    await deploy({ names: ['a'] })
    await client.call('trigger.set', { triggerId: TRIGGER, cron: '0 * * * *', timezone: null })
    await client.call('trigger.enable', { triggerId: TRIGGER, isEnabled: false })
    const { plan: planned } = await plan()
    expect(planned.schedule).toEqual({
      cronExpr: '0 * * * *',
      timezone: 'UTC',
      isEnabled: false,
      intervalMs: 3_600_000,
      pollsPerMonth: 720,
    })
    expect(planned.metrics).toMatchObject([{ metric: '3600000' }])
  })

  it('of a script without a trigger takes the default interval and says so', async () => {
    await deploy({ names: ['a'] })
    const path = scriptPath()
    writeFileSync(path, readFileSync(path, 'utf8').replace("fixedCronExpr: '*/5 * * * *', ", ''))
    // The trigger goes when the script is next loaded to run.
    await client.call('exec', EXEC)
    const { plan: planned } = await plan()
    expect(planned.schedule).toMatchObject({ cronExpr: null, intervalMs: 300_000, pollsPerMonth: 8_640 })
  })

  it('adds what a backfill costs, once', async () => {
    await deploy({ names: ['a'] })
    const endMs = Math.floor(Date.now() / 60_000) * 60_000 - 60_000
    const { plan: planned } = await plan({ backfill: { startMs: endMs - 5 * 3_600_000, endMs } })
    expect(planned.once).toMatchObject({
      billedMetrics: 5,
      bill: { costs: [{ currency: 'USD', amount: 0.000_05 }] },
    })
    expect(planned.month.billedMetrics).toBe(8_640_000)
    const future = { startMs: endMs, endMs: Date.now() + 3_600_000 }
    await expect(plan({ backfill: future })).rejects.toMatchObject({ code: 'BAD_PARAMETER' })
  })

  it('plans another text beside the deployed one, and leaves the deployed one alone', async () => {
    await deploy({ names: ['a', 'b'] })
    const before = readFileSync(scriptPath(), 'utf8')
    const compare = join(ground.root, 'another one 中文.ts')
    writeFileSync(
      compare,
      before.replace(/const names = .*/, "const names = ['a', 'b', 'c']").replace('*/5', '*/10'),
    )
    const report = await plan({ compare })
    expect(report.other).toMatchObject({
      scriptPath: compare,
      schedule: { intervalMs: 600_000, pollsPerMonth: 4_320 },
      poll: { billedMetrics: 3_000 },
    })
    expect(report.change).toMatchObject({
      billedMetricsPerPoll: 1_000,
      month: { costs: [{ currency: 'USD', amount: -43.2 }], isWhole: true },
      seriesPerDay: 0,
      alertP95Min: null,
    })
    expect(readFileSync(scriptPath(), 'utf8')).toBe(before)
    expect(await client.call('trigger.list', {})).toMatchObject([{ fixedCronExpr: '*/5 * * * *' }])
  })

  it.each(['gone.ts', '.', 'market/marketplace.json'])('does not compare with %s', async (name) => {
    await deploy({ names: ['a'] })
    const compare = join(ground.root, name)
    await expect(plan({ compare })).rejects.toMatchObject({
      code: 'BAD_PARAMETER',
      parts: { place: '--compare' },
    })
  })

  it('names the compared text when that cannot be loaded', async () => {
    await deploy({ names: ['a'] })
    const compare = join(ground.root, 'broken.ts')
    writeFileSync(compare, 'export const run = = 1\n')
    await expect(plan({ compare })).rejects.toMatchObject({
      code: 'SCRIPT_INVALID',
      parts: { place: expect.stringContaining('broken.ts') as string },
    })
    copyFileSync(scriptPath(), compare)
    writeFileSync(compare, readFileSync(compare, 'utf8').replace('export const run', 'export const walk'))
    await expect(plan({ compare })).rejects.toMatchObject({ code: 'UNKNOWN_TARGET' })
  })

  it('passes on what could not be planned', async () => {
    await deploy({ names: ['a'], label: 'denied' })
    const { plan: planned } = await plan()
    expect(planned.problems).toMatchObject([{ scope: '123456789012/us-east-1', message: 'Denied.' }])
    expect(planned.poll.billedMetrics).toBe(0)
  })

  it('refuses a function that cannot say what it will ask for', async () => {
    await deploy({ names: ['a'] })
    const text = readFileSync(scriptPath(), 'utf8')
    writeFileSync(scriptPath(), text.replace(/makeScript\(\{[^]*\}\)\)/, 'async () => null)'))
    await expect(plan()).rejects.toMatchObject({
      code: 'SCRIPT_INVALID',
      parts: { place: scriptPath(), got: 'one without plan' },
    })
  })

  it('refuses a set that is not deployed, and prices that cannot be read', async () => {
    await expect(plan()).rejects.toMatchObject({ code: 'NOT_INSTALLED' })
    await deploy({ names: ['a'] })
    writeFileSync(join(ground.home, 'prices.json'), '{"aws": 1}')
    await expect(plan()).rejects.toMatchObject({ code: 'BAD_PARAMETER', message: /prices\.json: aws/ })
    writeFileSync(join(ground.home, 'prices.json'), '{"aws": {"currency": "EUR", "perThousandMetrics": 1}}')
    expect((await plan()).plan.poll.bill.costs).toEqual([{ currency: 'EUR', amount: 1 }])
  })
})

describe('the meter', () => {
  it('shows in status what tasks and questions used, debug runs and failures too, and after a restart', async () => {
    await deploy({ names: ['a'] })
    expect(await client.call('status', {})).toMatchObject({ usage: [], priceProblem: null })
    const { record } = await client.call('exec', EXEC)
    expect(record.predicted).toEqual([
      {
        api: 'demo',
        requests: 1,
        billedMetrics: 1,
        rule: 'everything',
        accountId: '123456789012',
        region: 'us-east-1',
      },
    ])
    await client.call('exec', { ...EXEC, debug: true })
    await plan()
    await deploy({ names: ['a'], label: 'fail' })
    await client.call('exec', EXEC)
    await client.close()
    client = await open()
    const { usage } = await client.call('status', {})
    // Three runs of 2 requests and 1 billed metric, and the 3 requests of the plan.
    const bill = { costs: [{ currency: 'USD', amount: 0.000_03 }], isWhole: true }
    const used = { requests: 9, billedMetrics: 3, bill }
    expect(usage).toEqual([{ accountId: '123456789012', today: used, month: used }])
  })

  it('shows quantities when prices cannot be read, and why', async () => {
    await deploy({ names: ['a'] })
    await client.call('exec', EXEC)
    writeFileSync(join(ground.home, 'prices.json'), '{')
    const { usage, priceProblem } = await client.call('status', {})
    expect(usage).toMatchObject([{ today: { billedMetrics: 1, bill: null } }])
    expect(priceProblem).toContain('prices.json')
  })
})
