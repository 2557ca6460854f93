import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { fetchRequest } from '../../scripts/guance_aws_cloudwatch/fetch.ts'
import {
  billedOfRequest,
  planRequests,
  type SeriesStatistics,
} from '../../scripts/guance_aws_cloudwatch/plan.ts'
import { openAccount } from '../../scripts/guance_integration/main.ts'
import { NO_WAIT } from './aws-fixture.ts'
import { makeRun, makeStore, SESSION, type TestRun } from './run-context.ts'
import { queriesOf } from './scripted-aws.ts'
import {
  type AskedCall,
  type ScriptedCloudwatch,
  type ScriptedReply,
  startScriptedCloudwatch,
} from './scripted-cloudwatch.ts'

let server: ScriptedCloudwatch | undefined

afterEach(async () => {
  await server?.close()
  server = undefined
})

/** What a call is answered with; what none of them stands for is a whole page. */
const FAULTS = ['whole', 'error', 'garbled', 'page', 'partial'] as const
type Fault = (typeof FAULTS)[number]

function answerWith(fault: Fault, call: AskedCall): ScriptedReply {
  if (fault === 'error') return { status: 500, body: '{"__type":"InternalServiceError"}' }
  if (fault === 'garbled') return { status: 200, body: '{"MetricDataResults":[' }
  const results = queriesOf(call).map(({ Id }, index) => ({
    Id,
    Timestamps: [],
    Values: [],
    StatusCode: fault === 'partial' && index === 0 ? 'PartialData' : 'Complete',
  }))
  return fault === 'page' ? { MetricDataResults: results, NextToken: 'more' } : { MetricDataResults: results }
}

/** As AWS describes it: for every request, up to five statistics of a metric are one. */
function billedByAws(calls: readonly AskedCall[]): number {
  let billed = 0
  for (const call of calls) {
    const statistics = new Map<string, Set<string>>()
    for (const { MetricStat } of queriesOf(call)) {
      const { Namespace, MetricName, Dimensions } = MetricStat.Metric
      const names = Dimensions.map(({ Name, Value }) => `${Name}=${Value}`).toSorted()
      const metric = [Namespace, MetricName, ...names].join('\n')
      statistics.set(metric, (statistics.get(metric) ?? new Set()).add(MetricStat.Stat))
    }
    for (const { size } of statistics.values()) billed += Math.ceil(size / 5)
  }
  return billed
}

const wantedArbitrary = fc
  .array(fc.tuple(fc.constantFrom('Errors', 'Duration'), fc.integer({ min: 1, max: 12 })), {
    minLength: 1,
    maxLength: 60,
  })
  .map((list) =>
    list.map(([metric, count], index): SeriesStatistics => ({
      series: {
        namespace: 'AWS/Lambda',
        metric,
        dimensions: [{ name: 'FunctionName', value: `a, "b" 中文 ${index}` }],
      },
      statistics: Array.from({ length: count }, (_, number) => `p${number}`),
    })),
  )

async function fetchAll(run: TestRun, requests: ReturnType<typeof planRequests>): Promise<void> {
  const region = (await openAccount(run, {}, NO_WAIT)).region('us-east-1')
  for (const request of requests) {
    // What stays without an answer after all attempts is billed as well.
    await fetchRequest(region, request).catch(() => undefined)
  }
}

describe('metered units', () => {
  it('are Σ over sent requests of Σ⌈S/5⌉, retries and further pages included', async () => {
    let faults: Fault[] = []
    server = await startScriptedCloudwatch((call) => answerWith(faults.shift() ?? 'whole', call))
    const { asked } = server
    const faultsArbitrary = fc.array(fc.constantFrom(...FAULTS), { maxLength: 5 })
    await fc.assert(
      fc.asyncProperty(wantedArbitrary, faultsArbitrary, async (wanted, given) => {
        const before = asked.length
        faults = [...given]
        const run = makeRun(makeStore(), { triggerTimeMs: 0, session: SESSION })
        const requests = planRequests([{ wanted, window: { startMs: 0, endMs: 300_000 } }], 60)
        await fetchAll(run, requests)
        const sent = asked.slice(before)
        expect(run.totals().billedMetrics).toBe(billedByAws(sent))
        expect(run.totals().requests['cloudwatch:GetMetricData']).toBe(sent.length)
        const foreseen = requests.reduce((sum, request) => sum + billedOfRequest(request), 0)
        if (given.every((fault) => fault === 'whole')) expect(foreseen).toBe(billedByAws(sent))
        else expect(foreseen).toBeLessThanOrEqual(billedByAws(sent))
      }),
      { numRuns: 40 },
    )
  })

  it('say whose they are and where', async () => {
    server = await startScriptedCloudwatch([])
    const run = makeRun(makeStore(), { triggerTimeMs: 0, session: SESSION })
    const series = { namespace: 'AWS/Lambda', metric: 'Errors', dimensions: [] }
    const asks = [{ wanted: [{ series, statistics: ['Sum'] }], window: { startMs: 0, endMs: 60_000 } }]
    await fetchAll(run, planRequests(asks, 60))
    expect(run.usage).toContainEqual({
      api: 'cloudwatch:GetMetricData',
      requests: 1,
      billedMetrics: 1,
      accountId: '123456789012',
      region: 'us-east-1',
    })
  })
})
