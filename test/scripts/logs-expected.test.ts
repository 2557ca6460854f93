import { describe, expect, it } from 'vitest'
import { CloudwatchLogsCollector } from '../../scripts/guance_aws_cloudwatchlogs/main.ts'
import { Runner } from '../../scripts/guance_integration/main.ts'
import { LogPoller, MINUTE_MS, START_MS } from './logs-fixture.ts'
import { makeRun } from './run-context.ts'

/** What is expected as of a time, from state alone: no client is opened. */
async function expectedAt({ store, configs, aws }: LogPoller, triggerTimeMs: number) {
  const script = Runner(CloudwatchLogsCollector({}, configs))
  return script.expected?.(makeRun(store, { triggerTimeMs, session: aws.session }))
}

function sourcesOf(poller: LogPoller): ReadonlySet<string> {
  return new Set(poller.logs().map(({ measurement }) => measurement))
}

function named(sources: Iterable<string>): ReadonlySet<{ readonly measurement: string }> {
  return new Set([...sources].map((measurement) => ({ measurement })))
}

describe('what is expected of logs', () => {
  it('is nothing before the first run, then reports and lines of each group that had some', async () => {
    await using poller = await LogPoller.start({ functions: 6 })
    expect(await expectedAt(poller, START_MS)).toEqual({ objects: [], metrics: [] })
    await poller.poll(START_MS)
    const expected = await expectedAt(poller, START_MS)
    expect(expected?.metrics.map(({ measurement }) => measurement)).toEqual(['aws_lambda_report'])
    const sources = sourcesOf(poller)
    expect(sources.size).toBeGreaterThan(2)
    expect(new Set(expected?.logs)).toEqual(named(sources))
  })

  it('is no line of a group whose lines are all left out', async () => {
    await using poller = await LogPoller.start({ functions: 6 })
    poller.configs = { auto: { regions: ['us-east-1'] }, deliver: 'metrics' }
    await poller.poll(START_MS)
    expect(await expectedAt(poller, START_MS)).not.toHaveProperty('logs')
    poller.configs = { auto: { regions: ['us-east-1'] } }
    await poller.poll(START_MS + 20 * MINUTE_MS)
    const later = START_MS + 20 * MINUTE_MS
    expect(new Set((await expectedAt(poller, later))?.logs)).toEqual(named(sourcesOf(poller)))
  })

  it('is the one source that the configuration names', async () => {
    await using poller = await LogPoller.start({ functions: 6 })
    poller.configs = { auto: { regions: ['us-east-1'] }, source: 'aws lambda, 日志' }
    await poller.poll(START_MS)
    expect((await expectedAt(poller, START_MS))?.logs).toEqual([{ measurement: 'aws lambda, 日志' }])
  })

  it('is what was written until lines of another source are, and nothing where lines are left out', async () => {
    await using poller = await LogPoller.start({ functions: 6 })
    poller.configs = { auto: { regions: ['us-east-1'] }, source: 'before' }
    await poller.pollAll(START_MS, START_MS + 10 * MINUTE_MS)
    poller.configs = { auto: { regions: ['us-east-1'] } }
    expect((await expectedAt(poller, START_MS))?.logs).toEqual([{ measurement: 'before' }])
    await poller.pollAll(START_MS + 15 * MINUTE_MS, START_MS + 30 * MINUTE_MS)
    const later = START_MS + 30 * MINUTE_MS
    const after = (await expectedAt(poller, later))?.logs?.map(({ measurement }) => measurement) ?? []
    expect(after.some((measurement) => measurement !== 'before')).toBe(true)
    poller.configs = { auto: { regions: ['us-east-1'] }, deliver: 'metrics' }
    expect((await expectedAt(poller, later))?.logs ?? []).toEqual([])
  })
})
