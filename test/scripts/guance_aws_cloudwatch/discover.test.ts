import { afterEach, describe, expect, it } from 'vitest'
import type { CloudwatchConfigs } from '../../../core/dff.ts'
import { discoverSeries } from '../../../scripts/guance_aws_cloudwatch/discover.ts'
import { compileConfigs } from '../../../scripts/guance_aws_cloudwatch/targets.ts'
import { openAccount } from '../../../scripts/guance_integration/main.ts'
import { NO_WAIT } from '../aws-fixture.ts'
import { makeRun, makeStore, SESSION, type TestStore } from '../run-context.ts'
import { type ScriptedCloudwatch, startScriptedCloudwatch } from '../scripted-cloudwatch.ts'

const NAMESPACE = 'AWS/Lambda'
const MINUTE_MS = 60_000
const START_MS = Date.parse('2026-11-23T12:00:00Z')

let server: ScriptedCloudwatch | undefined

afterEach(async () => {
  await server?.close()
  server = undefined
})

function metric(name: string, dimensions: Readonly<Record<string, string>> = {}) {
  return {
    Namespace: NAMESPACE,
    MetricName: name,
    Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })),
  }
}

function refusal(type: string, status = 400) {
  return { status, body: JSON.stringify({ __type: `com.amazonaws.cloudwatch#${type}` }) }
}

const THROTTLED = refusal('ThrottlingException')
const DENIED = refusal('AccessDeniedException')
const page = (functions: readonly string[], token?: string) => ({
  Metrics: functions.map((name) => metric('Errors', { FunctionName: name })),
  ...(token === undefined ? {} : { NextToken: token }),
})

type Selected = Omit<CloudwatchConfigs, 'regions' | 'targets'> &
  Partial<Omit<CloudwatchConfigs['targets'][number], 'namespace'>>

/** What a configuration takes; everything, unless it says otherwise. */
function targetOf({ metrics = 'ALL', dimensions, ...more }: Selected = { grains: 'all' }) {
  const target = { namespace: NAMESPACE, metrics, ...(dimensions === undefined ? {} : { dimensions }) }
  const [compiled] = compileConfigs({ regions: ['us-east-1'], targets: [target], ...more }).namespaces
  if (compiled === undefined) throw new Error('no namespace compiled')
  return compiled
}

/** Discovers once, `minutes` after the first time, with AWS answering so. */
async function discoverAt(
  store: TestStore,
  minutes: number,
  replies: readonly object[],
  selected?: Selected,
) {
  await server?.close()
  server = await startScriptedCloudwatch(replies)
  const run = makeRun(store, { triggerTimeMs: START_MS + minutes * MINUTE_MS, session: SESSION })
  const account = await openAccount(run, {}, { ...NO_WAIT, attempts: 1 })
  const region = account.region('us-east-1')
  const { series, listed, listedAtMs } = await discoverSeries(region, targetOf(selected), run)
  const functions = series.map(({ dimensions }) => dimensions[0]?.value ?? '')
  return { run, series, listed, listedAtMs, functions, region, asked: server.asked.length }
}

/** Throttled once, with the SDK's own attempts. */
const throttledOut = [THROTTLED, THROTTLED, THROTTLED]

describe('discoverSeries', () => {
  it('gives every series once, dimensions sorted, over all pages', async () => {
    const { series } = await discoverAt(makeStore(), 0, [
      {
        Metrics: [metric('Errors', { Resource: 'f:1', FunctionName: 'f' }), metric('Errors')],
        NextToken: 'a',
      },
      {
        Metrics: [
          metric('Errors', { FunctionName: 'f', Resource: 'f:1' }),
          { ...metric('Errors'), Namespace: 'AWS/SQS' },
        ],
      },
    ])
    expect(series).toEqual([
      {
        namespace: NAMESPACE,
        metric: 'Errors',
        dimensions: [
          { name: 'FunctionName', value: 'f' },
          { name: 'Resource', value: 'f:1' },
        ],
      },
      { namespace: NAMESPACE, metric: 'Errors', dimensions: [] },
    ])
  })

  it('fails as a whole when a later page fails: a partial list would hide functions', async () => {
    const store = makeStore()
    await expect(discoverAt(store, 0, [page(['f'], 'a'), DENIED])).rejects.toThrow(
      /AWS refuses cloudwatch:ListMetrics/,
    )
    expect(store.state.size).toBe(0)
  })

  it('lists again after 15 minutes and not before, but learns AWS’s time in every run', async () => {
    const store = makeStore()
    await discoverAt(store, 0, [page(['f'])])
    const second = await discoverAt(store, 10, [page(['f', 'g'])])
    expect(second.functions).toEqual(['f'])
    expect(second.asked).toBe(1)
    expect(second.region.clock.isKnown()).toBe(true)
    const third = await discoverAt(store, 15, [page(['f', 'g'])])
    expect(third.functions).toEqual(['f', 'g'])
  })

  it('asks no second page for the time alone, and takes a refusal for an answer', async () => {
    const store = makeStore()
    await discoverAt(store, 0, [page(['f'], 'a'), page(['g'])])
    const second = await discoverAt(store, 5, [DENIED])
    expect(second.functions).toEqual(['f', 'g'])
    expect(second.asked).toBe(1)
    expect(second.run.problems).toEqual([])
  })

  it('goes on with the previous list when a page is throttled, says its age, and lists at the next run', async () => {
    const store = makeStore()
    await discoverAt(store, 0, [page(['f'])])
    const failed = await discoverAt(store, 20, [page(['g'], 'a'), ...throttledOut])
    expect(failed.functions).toEqual(['f'])
    expect(failed.run.lines.join('\n')).toContain('goes on with the series listed 20 minutes ago')
    expect(failed.run.problems).toEqual([])
    const next = await discoverAt(store, 25, [page(['f', 'g'])])
    expect(next.functions).toEqual(['f', 'g'])
  })

  it('goes on with the previous list when AWS no longer takes the token of a page', async () => {
    const store = makeStore()
    await discoverAt(store, 0, [page(['f'])])
    const stale = {
      status: 400,
      body: '{"__type":"InvalidParameterValueException","message":"Invalid nextToken"}',
    }
    expect((await discoverAt(store, 20, [page(['g'], 'a'), stale])).functions).toEqual(['f'])
  })

  it('is not written again while nothing has changed: the host keeps what is read', async () => {
    const store = makeStore()
    const chunksWritten = () =>
      store.commits.flatMap(({ state }) => Object.keys(state)).filter((key) => key.endsWith('/0')).length
    await discoverAt(store, 0, [page(['f'])])
    await discoverAt(store, 20, [page(['f'])])
    await discoverAt(store, 24 * 60, [page(['f'])])
    expect(chunksWritten()).toBe(1)
    await discoverAt(store, 24 * 60 + 20, [page(['f', 'g'])])
    expect(chunksWritten()).toBe(2)
  })

  it('reports a list that could not be renewed for more than an hour', async () => {
    const store = makeStore()
    await discoverAt(store, 0, [page(['f'])])
    const failed = await discoverAt(store, 65, throttledOut)
    expect(failed.functions).toEqual(['f'])
    expect(failed.run.problems).toMatchObject([
      { code: 'listing-stale', message: expect.stringContaining('65 minutes old') },
    ])
  })

  it('names the missing action at once, and goes on with what is known', async () => {
    const store = makeStore()
    await discoverAt(store, 0, [page(['f'])])
    const failed = await discoverAt(store, 15, [DENIED])
    expect(failed.functions).toEqual(['f'])
    expect(failed.run.problems).toMatchObject([{ code: 'forbidden', action: 'cloudwatch:ListMetrics' }])
  })

  it('takes a page without a list for a broken reply, not for an account without metrics', async () => {
    const store = makeStore()
    await discoverAt(store, 0, [page(['f'])])
    const failed = await discoverAt(store, 15, [{}])
    expect(failed.functions).toEqual(['f'])
  })

  it('lists again when the stored list is from the future', async () => {
    const store = makeStore()
    await discoverAt(store, 300, [page(['f'])])
    expect((await discoverAt(store, 0, [page(['g'])])).functions).toEqual(['g'])
  })

  it('reports metrics that the catalogue does not know once, and lists them as any other', async () => {
    const store = makeStore()
    const pages = [{ Metrics: [metric('Errors'), metric('BrandNewMetric')] }]
    const first = await discoverAt(store, 0, pages)
    expect(first.run.problems).toMatchObject([
      { code: 'unknown-metric', message: expect.stringContaining('BrandNewMetric') },
    ])
    expect(first.series.map((series) => series.metric)).toEqual(['BrandNewMetric', 'Errors'])
    expect((await discoverAt(store, 15, pages)).run.problems).toEqual([])
  })

  it('keeps only what targets select, whatever else is listed, and counts the rest', async () => {
    const store = makeStore()
    const listing = [
      { Metrics: [metric('Errors', { FunctionName: 'f' }), metric('Throttles', { FunctionName: 'f' })] },
    ]
    const found = await discoverAt(store, 0, listing, { metrics: ['Errors'] })
    expect(found.series.map((series) => series.metric)).toEqual(['Errors'])
    expect(found.listed).toBe(2)
    expect(JSON.stringify([...store.state])).not.toContain('Throttles')
    expect(await discoverAt(store, 5, [{ Metrics: [] }], { metrics: ['Errors'] })).toMatchObject({
      functions: ['f'],
      listed: 2,
      listedAtMs: START_MS,
    })
  })

  it('takes the usual dimension set of a metric although another one comes first', async () => {
    const pages = [
      {
        Metrics: [metric('Errors', { FunctionName: 'f', Resource: 'f:1' }), metric('Errors')],
        NextToken: 'a',
      },
      { Metrics: [metric('Errors', { FunctionName: 'f' })] },
    ]
    const { series } = await discoverAt(makeStore(), 0, pages, {})
    expect(series.map(({ dimensions }) => dimensions)).toEqual([[{ name: 'FunctionName', value: 'f' }]])
  })

  it('holds few more series than are wanted, however many are listed', async () => {
    const pages = Array.from({ length: 24 }, (_, number) => ({
      Metrics: Array.from({ length: 1_000 }, (_entry, index) => {
        const name = { FunctionName: `f${number * 1_000 + index}` }
        if (index % 2 === 0) return metric('Throttles', name)
        // Every other page lists no wanted dimension set; by itself its smallest one would be held.
        return metric('Errors', index % 20 === 1 && number % 2 === 1 ? name : { ...name, Resource: 'r' })
      }),
      ...(number < 23 ? { NextToken: String(number) } : {}),
    }))
    server = await startScriptedCloudwatch(pages)
    const run = makeRun(makeStore(), { triggerTimeMs: START_MS, session: SESSION })
    const region = (await openAccount(run, {}, NO_WAIT)).region('us-east-1')
    const target = targetOf({ metrics: ['Errors'] })
    let most = 0
    const select: typeof target.select = (series) => {
      most = Math.max(most, series.length)
      return target.select(series)
    }
    const found = await discoverSeries(region, { ...target, select }, run)
    expect(found.listed).toBe(24_000)
    expect(found.series).toHaveLength(12 * 50)
    expect(most).toBeLessThan(5_600)
  })

  it('lists at once for another configuration, and goes back to the first one’s list', async () => {
    const store = makeStore()
    const pages = [{ Metrics: [metric('Errors', { FunctionName: 'f' }), metric('Errors')] }]
    await discoverAt(store, 0, pages, {})
    const other = await discoverAt(store, 5, pages, { dimensions: [] })
    expect(other.series.map(({ dimensions }) => dimensions)).toEqual([[]])
    const first = await discoverAt(store, 10, [{ Metrics: [] }], {})
    expect(first.functions).toEqual(['f'])
    await discoverAt(store, 24 * 60 + 6, pages, {})
    const keys = [...store.state.keys()].filter((key) => key.startsWith('listing/'))
    expect(keys).toHaveLength(2)
  })

  it('has no list to go on with when AWS refuses the first one of a configuration', async () => {
    const store = makeStore()
    await discoverAt(store, 0, [page(['f'])], {})
    await expect(discoverAt(store, 5, [DENIED], { dimensions: [] })).rejects.toThrow(
      /AWS refuses cloudwatch:ListMetrics/,
    )
  })

  it('reports an unknown metric that nothing selects, and once whatever the configuration', async () => {
    const store = makeStore()
    const pages = [{ Metrics: [metric('BrandNewMetric', { FunctionName: 'f' })] }]
    const first = await discoverAt(store, 0, pages, { metrics: ['Errors'] })
    expect(first.run.problems).toMatchObject([{ code: 'unknown-metric' }])
    expect(first.series).toEqual([])
    expect((await discoverAt(store, 5, pages, { metrics: 'ALL' })).run.problems).toEqual([])
  })

  it('forgets the values of a longer list', async () => {
    const store = makeStore()
    const long = Array.from({ length: 500 }, (_, index) => `${'x'.repeat(990)}${index}`)
    const second = long.map((name) => `${name}-second`)
    await discoverAt(store, 0, [page(long, 'a'), page(second)])
    const chunks = store.state.size
    expect(chunks).toBeGreaterThan(3)
    await discoverAt(store, 15, [page(['f'])])
    expect(store.state.size).toBe(2)
  })
})
