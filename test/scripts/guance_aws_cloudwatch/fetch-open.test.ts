import { afterEach, describe, expect, it } from 'vitest'
import { fetchOpen } from '../../../scripts/guance_aws_cloudwatch/fetch-open.ts'
import { planRequests, type SeriesStatistics } from '../../../scripts/guance_aws_cloudwatch/plan.ts'
import { openAccount, SINGLE_ATTEMPT } from '../../../scripts/guance_integration/main.ts'
import { makeRun, makeStore, SESSION } from '../run-context.ts'
import { type ScriptedCloudwatch, startScriptedCloudwatch } from '../scripted-cloudwatch.ts'

let server: ScriptedCloudwatch | undefined
afterEach(async () => server?.close())

interface Asked {
  readonly Id: string
  readonly MetricStat: { readonly Metric: { readonly Dimensions: readonly [{ readonly Value: string }] } }
}

describe('a series that AWS does not accept', () => {
  it('stays open alone, with all its statistics, and the others of its request come complete', async () => {
    server = await startScriptedCloudwatch(({ input }) => {
      const queries = input['MetricDataQueries'] as readonly Asked[]
      if (queries.some(({ MetricStat }) => MetricStat.Metric.Dimensions[0].Value === 'f77')) {
        throw new Error('not a valid statistic')
      }
      return {
        MetricDataResults: queries.map(({ Id }) => ({
          Id,
          Timestamps: [],
          Values: [],
          StatusCode: 'Complete',
        })),
      }
    })
    const wanted = Array.from({ length: 100 }, (_, index): SeriesStatistics => ({
      series: {
        namespace: 'AWS/Lambda',
        metric: 'Duration',
        dimensions: [{ name: 'FunctionName', value: `f${index}` }],
      },
      statistics: ['Average', 'p99'],
    }))
    const [request] = planRequests([{ wanted, window: { startMs: 0, endMs: 300_000 } }], 60)
    const context = makeRun(makeStore(), { triggerTimeMs: 300_000, session: SESSION })
    const account = await openAccount(
      context,
      {},
      { ...SINGLE_ATTEMPT, sleep: async () => Promise.resolve() },
    )
    if (request === undefined) throw new Error('nothing planned')
    const outcomes = await fetchOpen({ region: account.region('us-east-1'), context }, request)
    const open = outcomes.filter(({ outcome }) => outcome.kind !== 'complete')
    expect(outcomes).toHaveLength(200)
    expect(open.map(({ query }) => `${query.series.dimensions[0]?.value} ${query.statistic}`)).toEqual([
      'f77 Average',
      'f77 p99',
    ])
  })
})
