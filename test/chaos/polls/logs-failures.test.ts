import { describe, expect, it } from 'vitest'
import { PATIENCE } from '../../patience.ts'
import { LogPoller, MINUTE_MS, START_MS } from '../../scripts/logs-fixture.ts'

const FIRST_MS = START_MS - 30 * MINUTE_MS
const END_MS = START_MS + 20 * MINUTE_MS
const LOSSLESS = { missing: 0, duplicates: 0 }

/** Functions that have written something by now. */
function activeOf(poller: LogPoller): readonly string[] {
  return [...new Set(poller.truth(FIRST_MS, START_MS).map(({ functionName }) => functionName))]
}

describe('a group that cannot be read', () => {
  it('is named with its action, stops no other, and is caught up with later', async () => {
    await using poller = await LogPoller.start()
    const [name = ''] = activeOf(poller)
    const arn = `arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/${name}:*`
    const { simulator } = poller.aws
    simulator.control('iam', {
      user: {
        Statement: [
          { Effect: 'Allow', Action: '*', Resource: '*' },
          { Effect: 'Deny', Action: 'logs:FilterLogEvents', Resource: arn },
        ],
      },
    })
    const run = await poller.poll(START_MS)
    const problem = run.problems.find(({ code }) => code === 'forbidden')
    expect(problem).toMatchObject({ action: 'logs:FilterLogEvents', scope: '123456789012/us-east-1' })
    expect(problem?.message).toContain(`Not read: /aws/lambda/${name}.`)
    expect(poller.logs().length).toBeGreaterThan(100)
    simulator.control('iam', { user: { Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] } })
    await poller.pollAll(START_MS + 5 * MINUTE_MS, END_MS + 20 * MINUTE_MS)
    expect(poller.audit(FIRST_MS, END_MS)).toMatchObject(LOSSLESS)
  })

  it('is missed by name when it was configured, and not when a function simply never ran', async () => {
    await using poller = await LogPoller.start()
    poller.configs = {
      auto: { regions: ['us-east-1'] },
      log_groups: [{ region_id: 'us-east-1', targets: [{ log_group_name: '/no/such/group' }] }],
    }
    const run = await poller.poll(START_MS)
    const missing = run.problems.filter(({ code }) => code === 'log-group-missing')
    expect(missing.map(({ message }) => message)).toEqual([
      'There is no such log group: /no/such/group. Correct or remove it in log_groups.',
    ])
  })
})

describe('a region that hangs', () => {
  it.each([
    ['before its replies', 'hang'],
    ['amid them', 'stall'],
  ])('%s slows no other down', async (_when, kind) => {
    const [hanging, quick] = ['eu-central-1', 'us-east-1'] as const
    await using poller = await LogPoller.start({ regions: [hanging, quick], functions: 40 })
    poller.configs = { auto: { regions: [hanging, quick] } }
    const fault = { api: 'logs:FilterLogEvents', region: hanging, kind, times: 1_000 }
    poller.aws.simulator.control('faults', fault)
    const ending = new AbortController()
    poller.signal = ending.signal
    const run = poller.poll(START_MS)
    // Met below; a test that fails before must end as one.
    run.catch(() => undefined)
    const lines = () => poller.runs.at(-1)?.lines.join('\n')
    await expect.poll(lines, PATIENCE).toMatch(/us-east-1: \d{4,} events of \d{2} groups/)
    expect(new Set(poller.logs().map(({ tags }) => tags['RegionId']))).toEqual(new Set([quick]))
    ending.abort(new Error('ended'))
    await expect(run).rejects.toThrow('ended')
  })
})

describe('AWS that refuses or fails', () => {
  it('reads the groups that are known when functions cannot be listed any more', async () => {
    await using poller = await LogPoller.start()
    await poller.poll(START_MS)
    poller.aws.simulator.control('denials', { actions: ['lambda:ListFunctions', 'cloudwatch:ListMetrics'] })
    await poller.pollAll(START_MS + 20 * MINUTE_MS, END_MS + 20 * MINUTE_MS)
    expect(poller.audit(FIRST_MS, END_MS)).toMatchObject(LOSSLESS)
    expect(poller.problems()).toContain('forbidden')
  })

  it('fails the region with one problem when no group can be read', async () => {
    await using poller = await LogPoller.start({ functions: 40 })
    poller.aws.simulator.control('denials', { actions: ['logs:FilterLogEvents'] })
    await expect(poller.poll(START_MS)).rejects.toThrow(/logs:FilterLogEvents/)
    expect(poller.problems().filter((code) => code === 'forbidden')).toHaveLength(1)
  })
})

describe('events that come late', () => {
  it('are counted and told when they are read although a poll in time had not found them', async () => {
    await using poller = await LogPoller.start({ logs: { lateShare: 0.2, maxLateSec: 1_800 } })
    await poller.poll(START_MS)
    // An outage: what had come late meanwhile is there.
    await poller.poll(START_MS + 120 * MINUTE_MS)
    const late = poller.runs.flatMap(({ problems }) => problems.filter(({ code }) => code === 'logs-late'))
    expect(late.at(-1)?.message).toMatch(
      /^\d+ events came to CloudWatch Logs up to 30 minutes after their time, later than maxLatenessMin \(10\)/,
    )
  })
})

describe('a backfill by hand', () => {
  it('brings what is older than where collection began, once, however often it is asked for', async () => {
    await using poller = await LogPoller.start()
    await poller.poll(START_MS)
    const window = { startMs: START_MS - 90 * MINUTE_MS, endMs: START_MS - 10 * MINUTE_MS }
    await poller.poll(START_MS + MINUTE_MS, window)
    await poller.poll(START_MS + 2 * MINUTE_MS, window)
    await poller.pollAll(START_MS + 5 * MINUTE_MS, END_MS + 20 * MINUTE_MS)
    expect(poller.audit(window.startMs, END_MS)).toMatchObject(LOSSLESS)
    const keys = poller.reports().map(({ tags, timeMs }) => `${tags['name']} ${timeMs}`)
    expect(new Set(keys).size).toBe(keys.length)
  })
})

describe('polls of groups', () => {
  it('ask often only for groups whose function is active', async () => {
    await using poller = await LogPoller.start({ functions: 60, active: 0.3, listing: true })
    await poller.pollAll(START_MS, START_MS + 20 * MINUTE_MS)
    await poller.aws.control('POST', 'counters/reset')
    const run = await poller.poll(START_MS + 25 * MINUTE_MS)
    const calls = run.totals().requests['logs:FilterLogEvents'] ?? 0
    expect(calls).toBeGreaterThan(5)
    expect(calls).toBeLessThan(35)
  })

  it('goes on in the next run where the time of one was over', async () => {
    await using poller = await LogPoller.start()
    let asked = 0
    poller.elapsedMs = () => {
      asked += 1
      return asked > 12 ? 3_595_000 : 0
    }
    const run = await poller.poll(START_MS)
    expect(run.problems.map(({ code }) => code)).toContain('logs-unfinished')
    poller.elapsedMs = () => 0
    await poller.pollAll(START_MS + 5 * MINUTE_MS, END_MS + 20 * MINUTE_MS)
    expect(poller.audit(FIRST_MS, END_MS)).toMatchObject(LOSSLESS)
  })
})

describe('a region in which one group after the other fails', () => {
  it('is left alone after some of them, and named once', async () => {
    await using poller = await LogPoller.start({ functions: 80, active: 0.9 })
    poller.aws.simulator.control('denials', { actions: ['logs:FilterLogEvents'] })
    await expect(poller.poll(START_MS)).rejects.toThrow(/logs:FilterLogEvents/)
    expect(poller.problems().filter((code) => code === 'forbidden')).toHaveLength(1)
    const calls = poller.runs.at(-1)?.totals().requests['logs:FilterLogEvents'] ?? 0
    // The SDK asks once more while it learns how far the simulated clock is off.
    expect(calls).toBeLessThan(90)
  })
})
