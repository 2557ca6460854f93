import { afterEach, describe, expect, it } from 'vitest'
import type { Stage } from '../../../scripts/guance_aws_cloudwatch/packs.ts'
import { collectSlice } from '../../../scripts/guance_aws_cloudwatch/slice.ts'
import { openAccount } from '../../../scripts/guance_integration/main.ts'
import { NO_WAIT } from '../aws-fixture.ts'
import { makeRun, makeStore } from '../run-context.ts'
import { type ScriptedCloudwatch, startScriptedCloudwatch } from '../scripted-cloudwatch.ts'

const SESSION = {
  accountId: '123456789012',
  arn: 'arn:aws:iam::123456789012:user/a',
  partition: 'aws',
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'not-a-real-key',
}
const WINDOW = { startMs: 600_000, endMs: 900_000 }
const STAGE: Stage = {
  parts: [
    {
      window: WINDOW,
      wanted: ['Errors', 'Throttles'].map((metric) => ({
        series: { namespace: 'AWS/Lambda', metric, dimensions: [{ name: 'FunctionName', value: 'f' }] },
        statistics: ['Sum'],
      })),
    },
  ],
  cursors: [{ bucket: 7, cursor: { throughMs: WINDOW.endMs, known: new Set(['abcdef']) } }],
}

let server: ScriptedCloudwatch | undefined

afterEach(async () => {
  await server?.close()
  server = undefined
})

function resultsWith(status: string) {
  const errors = { Id: 'q0', Timestamps: [600], Values: [3], StatusCode: 'Complete' }
  return { MetricDataResults: [errors, { Id: 'q1', Timestamps: [], Values: [], StatusCode: status }] }
}

async function collectFrom(replies: readonly object[]) {
  server = await startScriptedCloudwatch(replies)
  const store = makeStore()
  const context = makeRun(store, { triggerTimeMs: 0, session: SESSION })
  const account = await openAccount(context, {}, NO_WAIT)
  const region = account.region('us-east-1')
  const tagsOf = () => ({ name: 'f' })
  const slice = {
    context,
    region,
    namespace: 'AWS/Lambda',
    tagsOf,
    delivered: new Set<string>(),
    accountState: {},
  }
  const result = collectSlice(slice, STAGE)
  return { store, context, result }
}

describe('a slice', () => {
  it('commits its points with its cursors and the fields that had data, at once', async () => {
    const { store, result } = await collectFrom([resultsWith('Complete')])
    expect(await result).toEqual({ requests: 1, points: 1 })
    expect(store.commits).toEqual([
      {
        points: [
          {
            category: 'metric',
            measurement: 'aws_AWS/Lambda',
            tags: { name: 'f' },
            fields: { Errors_Sum: 3 },
            timeMs: 600_000,
          },
        ],
        state: {
          'cursor/123456789012/us-east-1/AWS/Lambda/7': { throughMs: 900_000, known: 'abcdef' },
          'delivered/123456789012/us-east-1/AWS/Lambda': ['Errors_Sum'],
        },
      },
    ])
  })

  it('commits nothing when one query stays incomplete, however much the others brought', async () => {
    const incomplete = resultsWith('PartialData')
    const again = { MetricDataResults: incomplete.MetricDataResults.slice(1) }
    const { store, result } = await collectFrom([incomplete, again, again])
    await expect(result).rejects.toThrow(
      /1 of 2 queries did not come complete: AWS still answers PartialData/,
    )
    expect(store).toEqual(makeStore())
  })

  it('goes on without a metric that AWS answers Forbidden for, and reports it with the action', async () => {
    const { store, context, result } = await collectFrom([resultsWith('Forbidden')])
    await result
    expect(store.commits).toHaveLength(1)
    expect(context.problems).toMatchObject([
      { code: 'forbidden', action: 'cloudwatch:GetMetricData', scope: '123456789012/us-east-1/AWS/Lambda' },
    ])
  })
})
