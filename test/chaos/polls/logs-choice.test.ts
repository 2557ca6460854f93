import { describe, expect, it } from 'vitest'
import { makePolicyReports } from '../../../runner/policy/policy-report.ts'
import { quantileOf } from '../../../scripts/guance_aws_cloudwatchlogs/quantile.ts'
import { CloudwatchLogsCollector } from '../../../scripts/guance_aws_cloudwatchlogs/main.ts'
import { Runner } from '../../../scripts/guance_integration/main.ts'
import { LogPoller, MINUTE_MS, START_MS } from '../../scripts/logs-fixture.ts'

const FIRST_MS = START_MS - 30 * MINUTE_MS
const HOUR_MS = 60 * MINUTE_MS

async function namesOf(poller: LogPoller): Promise<readonly string[]> {
  await poller.poll(START_MS)
  return [...new Set(poller.logs().map(({ tags }) => tags['FunctionName'] ?? ''))].toSorted()
}

describe('the choice of groups', () => {
  it('takes functions by name, and leaves others out of a shared group as well', async () => {
    await using poller = await LogPoller.start({ logs: { sharedShare: 0.5 } })
    const all = await namesOf(poller)
    expect(all.length).toBeGreaterThan(5)
    const [first = ''] = all
    await using other = await LogPoller.start({ logs: { sharedShare: 0.5 } })
    other.configs = { auto: { regions: ['us-east-1'], functions: ['NOT', first] } }
    expect(await namesOf(other)).toEqual(all.slice(1))
  })

  it('takes upstream’s list of regions as it is, with patterns of streams', async () => {
    await using poller = await LogPoller.start()
    const [name = ''] = await namesOf(poller)
    const group = `/aws/lambda/${name}`
    const streams = [
      ...new Set(
        poller
          .logs()
          .filter(({ measurement }) => measurement === group)
          .map(({ tags }) => tags['log_stream'] ?? ''),
      ),
    ]
    const [stream = ''] = streams
    const pattern = `*${stream.slice(-8)}`
    await using other = await LogPoller.start()
    other.configs = {
      log_groups: [{ region_id: 'us-east-1', targets: [{ log_group_name: group, log_streams: [pattern] }] }],
    }
    await other.poll(START_MS)
    expect(streams.length).toBeGreaterThan(1)
    expect(new Set(other.logs().map(({ tags }) => tags['log_stream']))).toEqual(new Set([stream]))
  })

  it('takes the group of another account by its ARN, and says whose it is', async () => {
    await using poller = await LogPoller.start({ accountIds: ['123456789012', '210987654321'] })
    const truth = poller.aws.simulator.control('truth') as {
      accounts: { accountId: string; regions: { functions: { name: string; isActive: boolean }[] }[] }[]
    }
    const other = truth.accounts.find(({ accountId }) => accountId === '210987654321')
    const name = other?.regions[0]?.functions.find(({ isActive }) => isActive)?.name ?? ''
    const arn = `arn:aws:logs:us-east-1:210987654321:log-group:/aws/lambda/${name}`
    poller.configs = { log_groups: [{ region_id: 'us-east-1', targets: [{ log_group_name: arn }] }] }
    const run = await poller.poll(START_MS)
    expect(poller.logs().length).toBeGreaterThan(10)
    for (const { measurement, tags } of poller.logs()) {
      expect({ measurement, tags }).toMatchObject({
        measurement: `/aws/lambda/${name}`,
        tags: { FunctionName: name, account_id: '210987654321' },
      })
    }
    const access = (await Runner(CloudwatchLogsCollector({}, poller.configs)).access?.(run)) ?? []
    const [report] = makePolicyReports(access, null)
    expect(report?.policy.Statement.map(({ Resource }) => Resource)).toEqual([
      ['arn:aws:logs:*:123456789012:log-group:*', `${arn}:*`],
    ])
    poller.aws.simulator.control('iam', { user: report?.policy })
    await poller.poll(START_MS + 5 * MINUTE_MS)
    expect(poller.problems()).toEqual([])
    const narrow = JSON.stringify(report?.policy).replaceAll(`${arn}:*`, arn)
    poller.aws.simulator.control('iam', { user: JSON.parse(narrow) as object })
    await expect(poller.poll(START_MS + 10 * MINUTE_MS)).rejects.toThrow(/logs:FilterLogEvents/)
  })

  it.each([
    [{}, /logsConfigs/],
    [{ auto: { regions: ['us-esat-1'] } }, /us-east-1/],
    [{ auto: { regions: ['us-east-1'], functions: ['NOT'] } }, /at least one pattern after NOT/],
    [
      { log_groups: [{ region_id: 'us-east-1', targets: [{ log_group_name: '/aws/*' }] }] },
      /log_groups\[0\]\.targets\[0\]\.log_group_name/,
    ],
    [
      {
        log_groups: [
          {
            region_id: 'us-east-1',
            targets: [{ log_group_name: 'arn:aws:logs:eu-west-1:210987654321:log-group:/shop' }],
          },
        ],
      },
      /expected the ARN of a log group in us-east-1/,
    ],
    [{ auto: { regions: ['us-east-1'] }, exclude: ['('] }, /exclude\[0\]/],
  ])('refuses %j by name', (configs, message) => {
    // A Startup script has no types when it runs.
    expect(() => CloudwatchLogsCollector({}, configs as never)).toThrow(message)
  })
})

describe('what becomes of lines', () => {
  it('leaves lines out by pattern and sample, hides what is told, and counts everything', async () => {
    await using poller = await LogPoller.start()
    poller.configs = {
      auto: { regions: ['us-east-1'] },
      exclude: ['^START ', '^END '],
      sample: 0.5,
      redact: { patterns: ['order \\d+'] },
    }
    await poller.pollAll(START_MS, START_MS + 15 * MINUTE_MS)
    const messages = poller.logs().map(({ fields }) => String(fields['message']))
    expect(messages.filter((text) => /^(?:START|END) /.test(text))).toEqual([])
    expect(messages.filter((text) => text.includes('order 0'))).toEqual([])
    expect(messages.filter((text) => text.includes('handled *****')).length).toBeGreaterThan(50)
    const reports = messages.filter((text) => text.startsWith('REPORT ')).length
    const truth = poller.truth(FIRST_MS, START_MS)
    expect(reports).toBeGreaterThanOrEqual(truth.reduce((sum, { invocations }) => sum + invocations, 0))
  })

  it('are left out, or the metrics are, as deliver says', async () => {
    await using poller = await LogPoller.start()
    poller.configs = { auto: { regions: ['us-east-1'] }, deliver: 'metrics' }
    await poller.pollAll(START_MS, START_MS + 15 * MINUTE_MS)
    expect(poller.logs()).toEqual([])
    expect(poller.reports().length).toBeGreaterThan(20)
    await using other = await LogPoller.start()
    other.configs = { auto: { regions: ['us-east-1'] }, deliver: 'lines' }
    await other.pollAll(START_MS, START_MS + 15 * MINUTE_MS)
    expect(other.reports()).toEqual([])
    expect(other.logs().length).toBeGreaterThan(100)
  })
})

describe('the cold starts of an hour', () => {
  it('have a p99 by function within the width of a bucket of the truth', async () => {
    await using poller = await LogPoller.start({ functions: 6, logs: { coldShare: 0.4 } })
    await poller.pollAll(START_MS, START_MS + 75 * MINUTE_MS)
    const span = { startMs: START_MS, endMs: START_MS + HOUR_MS }
    const truth = Map.groupBy(poller.truth(span.startMs, span.endMs), ({ functionName }) => functionName)
    let compared = 0
    for (const [name, minutes] of truth) {
      const values = minutes.flatMap(({ initMs }) => initMs).toSorted((left, right) => left - right)
      if (values.length === 0) continue
      const points = poller
        .reports()
        .filter(({ tags, timeMs }) => tags['name'] === name && timeMs >= span.startMs && timeMs < span.endMs)
      const sums: Record<string, number> = {}
      for (const { fields } of points) {
        for (const [field, value] of Object.entries(fields)) {
          sums[field] = field.endsWith('_max')
            ? Math.max(sums[field] ?? 0, Number(value))
            : (sums[field] ?? 0) + Number(value)
        }
      }
      const found = quantileOf('init_duration_ms', sums, 0.99)
      const exact = values[Math.ceil(0.99 * values.length) - 1] ?? 0
      expect(sums['cold_starts']).toBe(values.length)
      expect(exact).toBeGreaterThan(found?.lower ?? Infinity)
      expect(exact).toBeLessThanOrEqual(found?.upper ?? 0)
      compared += values.length
    }
    expect(compared).toBeGreaterThan(100)
  })
})
