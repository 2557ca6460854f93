import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { fetchRequest } from '../../../scripts/guance_aws_cloudwatch/fetch.ts'
import { planRequests } from '../../../scripts/guance_aws_cloudwatch/plan.ts'
import { type AwsRegion, openAccount } from '../../../scripts/guance_integration/main.ts'
import { NO_WAIT } from '../aws-fixture.ts'
import { makeRun, makeStore, SESSION } from '../run-context.ts'
import { type ScriptedCloudwatch, startScriptedCloudwatch } from '../scripted-cloudwatch.ts'

const SERIES = {
  namespace: 'AWS/Lambda',
  metric: 'Errors',
  dimensions: [{ name: 'FunctionName', value: 'f' }],
}
const WINDOW = { startMs: 600_000, endMs: 900_000 }

let server: ScriptedCloudwatch | undefined

afterEach(async () => {
  await server?.close()
  server = undefined
})

async function regionAgainst(
  replies: readonly object[],
): Promise<{ region: AwsRegion; server: ScriptedCloudwatch }> {
  await server?.close()
  server = await startScriptedCloudwatch(replies)
  const account = await openAccount(makeRun(makeStore(), { triggerTimeMs: 0, session: SESSION }), {}, NO_WAIT)
  return { region: account.region('us-east-1'), server }
}

function requestFor(statistics: readonly string[]) {
  const [request] = planRequests([{ wanted: [{ series: SERIES, statistics }], window: WINDOW }], 60)
  if (request === undefined) throw new Error('no request planned')
  return request
}

/** A result of query `id`; times in seconds, as AWS writes them. */
function result(id: string, pairs: readonly (readonly [number, unknown])[], status = 'Complete') {
  return {
    Id: id,
    Label: 'x',
    Timestamps: pairs.map(([time]) => time),
    Values: pairs.map(([, value]) => value),
    StatusCode: status,
  }
}

async function fetchFrom(replies: readonly object[], statistics: readonly string[] = ['Sum', 'Maximum']) {
  const { region, server: asked } = await regionAgainst(replies)
  const outcomes = await fetchRequest(region, requestFor(statistics))
  return {
    asked: asked.asked.map(({ input }) => input),
    outcomes: outcomes.map(({ outcome }) =>
      'value' in outcome ? { kind: outcome.kind, points: [...outcome.value] } : outcome,
    ),
  }
}

describe('fetchRequest', () => {
  it('takes a series without data for complete', async () => {
    const { outcomes } = await fetchFrom([
      { MetricDataResults: [result('q0', []), result('q1', [[600, 2]])] },
    ])
    expect(outcomes).toEqual([
      { kind: 'complete', points: [] },
      { kind: 'complete', points: [[600_000, 2]] },
    ])
  })

  it('joins all pages of a query by time, in whatever order and however often they bring a datapoint', async () => {
    const minutes = fc.uniqueArray(fc.integer({ min: 10, max: 14 }), { minLength: 1 })
    await fc.assert(
      fc.asyncProperty(
        minutes,
        fc.array(fc.integer({ min: 10, max: 14 }), { maxLength: 3 }),
        async (once, again) => {
          const repeated = again.filter((minute) => once.includes(minute))
          const pages = [...once, ...repeated].map((minute) => [
            result('q0', [[minute * 60, minute]], 'PartialData'),
          ])
          const replies = [...pages, [result('q0', [])]].map((results, index) => ({
            MetricDataResults: results,
            ...(index < pages.length ? { NextToken: `t${index}` } : {}),
          }))
          const { outcomes } = await fetchFrom(replies, ['Sum'])
          const [first] = outcomes
          const points = first !== undefined && 'points' in first ? first.points : []
          expect(first?.kind).toBe('complete')
          expect(points.toSorted(([a], [b]) => a - b)).toEqual(
            once.toSorted((a, b) => a - b).map((minute) => [minute * 60_000, minute]),
          )
        },
      ),
      { numRuns: 10 },
    )
  })

  it('believes the last page: an internal error that completes later is complete', async () => {
    const { outcomes, asked } = await fetchFrom(
      [
        { MetricDataResults: [result('q0', [], 'InternalError')], NextToken: 't' },
        { MetricDataResults: [result('q0', [[600, 42]])] },
      ],
      ['Sum'],
    )
    expect(outcomes).toEqual([{ kind: 'complete', points: [[600_000, 42]] }])
    expect(asked).toMatchObject([{}, { NextToken: 't' }])
  })

  it('asks again only for what did not come complete', async () => {
    const { outcomes, asked } = await fetchFrom([
      { MetricDataResults: [result('q0', [[600, 1]]), result('q1', [], 'InternalError')] },
      { MetricDataResults: [result('q1', [[660, 5]])] },
    ])
    expect(outcomes.map(({ kind }) => kind)).toEqual(['complete', 'complete'])
    expect(
      asked.map(({ MetricDataQueries }) => (MetricDataQueries as { Id: string }[]).map(({ Id }) => Id)),
    ).toEqual([['q0', 'q1'], ['q1']])
  })

  it('says partial when AWS never completes a query', async () => {
    const partial = { MetricDataResults: [result('q0', [[600, 1]], 'PartialData')] }
    const { outcomes, asked } = await fetchFrom([partial, partial, partial], ['Sum'])
    expect(outcomes).toMatchObject([{ kind: 'partial' }])
    expect(asked).toHaveLength(3)
  })

  it('asks once more for a query that AWS leaves out, and then takes it for silent, but not for answered', async () => {
    const replies = [{ MetricDataResults: [result('q0', [])] }]
    const { outcomes, asked } = await fetchFrom(replies)
    expect(outcomes.map(({ kind }) => kind)).toEqual(['complete', 'complete'])
    expect(asked).toHaveLength(2)
    const { region } = await regionAgainst(replies)
    const raw = await fetchRequest(region, requestFor(['Sum', 'Maximum']))
    expect(raw.map(({ isUnanswered }) => isUnanswered)).toEqual([undefined, true])
  })

  it('says forbidden of a query, not of its neighbours', async () => {
    const replies = [{ MetricDataResults: [result('q0', [], 'Forbidden'), result('q1', [[600, 1]])] }]
    const { outcomes } = await fetchFrom(replies)
    expect(outcomes).toMatchObject([
      { kind: 'forbidden', action: 'cloudwatch:GetMetricData' },
      { kind: 'complete' },
    ])
  })

  it('leaves out datapoints beyond its window, which another run writes', async () => {
    const replies = [
      {
        MetricDataResults: [
          result('q0', [
            [540, 1],
            [600, 2],
            [840, 3],
            [900, 4],
          ]),
        ],
      },
    ]
    const { outcomes } = await fetchFrom(replies, ['Sum'])
    expect(outcomes).toEqual([
      {
        kind: 'complete',
        points: [
          [600_000, 2],
          [840_000, 3],
        ],
      },
    ])
  })

  it.each([
    ['a text for a value', { MetricDataResults: [result('q0', [[600, '1.5']])] }],
    ['NaN', { MetricDataResults: [result('q0', [[600, 'NaN']])] }],
    ['null', { MetricDataResults: [result('q0', [[600, null]])] }],
    ['fewer values than times', { MetricDataResults: [{ ...result('q0', [[600, 1]]), Values: [] }] }],
    ['an id that was not asked for', { MetricDataResults: [result('q7', [])] }],
    [
      'a time that is no number',
      { MetricDataResults: [{ ...result('q0', [[600, 1]]), Timestamps: ['soon'] }] },
    ],
    ['an empty object', {}],
    ['a page of HTML', { status: 200, body: '<html>' }],
  ])('asks again after %s', async (_what, garbled) => {
    const { outcomes, asked } = await fetchFrom(
      [garbled, { MetricDataResults: [result('q0', [[600, 1]])] }],
      ['Sum'],
    )
    expect(outcomes).toEqual([{ kind: 'complete', points: [[600_000, 1]] }])
    expect(asked).toHaveLength(2)
  })

  it('gives up on replies that stay garbled, naming the call', async () => {
    const garbled = { MetricDataResults: [result('q0', [[600, null]])] }
    await expect(
      fetchFrom(
        Array.from({ length: 4 }, () => garbled),
        ['Sum'],
      ),
    ).rejects.toThrow(/cloudwatch:GetMetricData failed: a reply that cannot be read/)
  })
})
