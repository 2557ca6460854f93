import { afterEach, describe, expect, it } from 'vitest'
import { findCatalogue } from '../../../scripts/guance_aws_cloudwatch/catalogue.ts'
import type { NamespaceContext } from '../../../scripts/guance_aws_cloudwatch/circumstances.ts'
import { digestOf, encodeHour, hourOf } from '../../../scripts/guance_aws_cloudwatch/digest.ts'
import { groupByIdentity } from '../../../scripts/guance_aws_cloudwatch/identity.ts'
import { decodeLedger } from '../../../scripts/guance_aws_cloudwatch/ledger.ts'
import { collectSlice } from '../../../scripts/guance_aws_cloudwatch/slice.ts'
import { Tally } from '../../../scripts/guance_aws_cloudwatch/tally.ts'
import { openAccount } from '../../../scripts/guance_integration/main.ts'
import { NO_WAIT } from '../aws-fixture.ts'
import { makeRun, makeStore, SESSION } from '../run-context.ts'
import { type ScriptedCloudwatch, startScriptedCloudwatch } from '../scripted-cloudwatch.ts'

const NOW_MS = Date.parse('2026-11-23T12:00:00Z')
const MINUTE_MS = NOW_MS - 10 * 60_000
const WANTED = ['Errors', 'Throttles'].map((metric) => ({
  series: { namespace: 'AWS/Lambda', metric, dimensions: [{ name: 'FunctionName', value: 'f' }] },
  statistics: ['Sum'],
}))
const [IDENTITY] = groupByIdentity(WANTED, 'FunctionName')

let server: ScriptedCloudwatch | undefined

afterEach(async () => {
  await server?.close()
  server = undefined
})

function resultsWith(status: string) {
  const errors = { Id: 'q0', Timestamps: [MINUTE_MS / 1000], Values: [3], StatusCode: 'Complete' }
  return { MetricDataResults: [errors, { Id: 'q1', Timestamps: [], Values: [], StatusCode: status }] }
}

async function collectFrom(replies: readonly object[]) {
  server = await startScriptedCloudwatch(replies)
  const store = makeStore()
  const context = makeRun(store, { triggerTimeMs: NOW_MS, session: SESSION })
  const account = await openAccount(context, {}, NO_WAIT)
  const region = account.region('us-east-1')
  const shared: NamespaceContext = {
    context,
    region,
    place: { scope: region.scope, namespace: 'AWS/Lambda' },
    catalogue: findCatalogue('AWS/Lambda'),
    sink: context.sink,
    nowMs: NOW_MS,
    tagsOf: () => ({ own: { name: 'f' }, changing: { Runtime: 'nodejs24.x' } }),
    listed: new Set(IDENTITY === undefined ? [] : [IDENTITY.fingerprint]),
    timeouts: undefined,
    known: undefined,
    delivered: new Set<string>(),
    policy: { kind: 'everything', maxLatenessMs: 0 },
    critical: [],
    accountState: {},
  }
  const tally = new Tally()
  const works = IDENTITY === undefined ? [] : [{ identity: IDENTITY, purpose: 'live' as const }]
  const result = await collectSlice(shared, works, tally)
  return { store, tally, result }
}

describe('a slice', () => {
  it('commits its points with the ledger, the digests and the fields that had data, at once', async () => {
    const { store, result } = await collectFrom([resultsWith('Complete')])
    expect(result).toMatchObject({ requests: 1, points: 1, hasWorked: true, behind: [] })
    expect(store.commits).toHaveLength(1)
    const [commit] = store.commits
    expect(commit?.points).toEqual([
      {
        category: 'metric',
        measurement: 'aws_AWS/Lambda',
        tags: { name: 'f', Runtime: 'nodejs24.x' },
        fields: { Errors_Sum: 3 },
        timeMs: MINUTE_MS,
      },
    ])
    const bucket = IDENTITY?.bucket
    const place = '123456789012/us-east-1/AWS/Lambda'
    const hour = hourOf(MINUTE_MS)
    expect(Object.keys(commit?.state ?? {}).toSorted()).toEqual(
      [`delivered/${place}`, `digest/${place}/${bucket}/${hour}`, `ledger/${place}/${bucket}`].toSorted(),
    )
    const ledger = decodeLedger(commit?.state[`ledger/${place}/${bucket}`])
    expect([...(ledger?.entries.values() ?? [])]).toMatchObject([
      { throughMs: NOW_MS - 3 * 60_000, gaps: [] },
    ])
    expect(commit?.state[`digest/${place}/${bucket}/${hour}`]).toEqual({
      published: {
        [IDENTITY?.fingerprint ?? '']: encodeHour(hour, new Map([[MINUTE_MS, digestOf({ Errors_Sum: 3 })]])),
      },
      seen: {},
    })
  })

  it('writes no line while one of its queries stays incomplete, and counts the poll', async () => {
    const incomplete = resultsWith('PartialData')
    const again = { MetricDataResults: incomplete.MetricDataResults.slice(1) }
    const { store, tally } = await collectFrom([incomplete, again, again])
    expect(store.points).toEqual([])
    expect(tally).toMatchObject({
      waiting: 1,
      reason: expect.stringContaining('1 of 2: AWS still answers PartialData'),
    })
    const ledger = decodeLedger([...store.state].find(([key]) => key.startsWith('ledger/'))?.[1])
    expect([...(ledger?.entries.values() ?? [])]).toMatchObject([
      { throughMs: NOW_MS - 183 * 60_000, waits: 1 },
    ])
  })

  it('goes on without a metric that AWS answers Forbidden for, and counts it', async () => {
    const { store, tally } = await collectFrom([resultsWith('Forbidden')])
    expect(store.points).toHaveLength(1)
    expect(tally).toMatchObject({ forbidden: 1, forbiddenMetric: 'Throttles' })
  })
})
