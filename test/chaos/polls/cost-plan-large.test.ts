import { afterEach, expect, it } from 'vitest'
import { CloudwatchCollector } from '../../../scripts/guance_aws_cloudwatch/main.ts'
import { Runner } from '../../../scripts/guance_integration/main.ts'
import { NO_WAIT } from '../../scripts/aws-fixture.ts'
import { makeRun, makeStore, SESSION } from '../../scripts/run-context.ts'
import { answerAs, lambda } from '../../scripts/scripted-aws.ts'
import { type ScriptedCloudwatch, startScriptedCloudwatch } from '../../scripts/scripted-cloudwatch.ts'

const FUNCTIONS = 10_000
const METRICS = ['Invocations', 'Errors', 'Throttles', 'Duration']

let server: ScriptedCloudwatch | undefined
afterEach(async () => server?.close())

it('a plan of 10,000 functions is as short as that of one: rows do not grow with the functions', async () => {
  const listed = Array.from({ length: FUNCTIONS }, (_, index) => `function, "${index}" 中文`).flatMap(
    (name) => METRICS.map((metric) => lambda(metric, name)),
  )
  server = await startScriptedCloudwatch(answerAs({ listed, valueOf: () => undefined }))
  const targets = [{ namespace: 'AWS/Lambda', metrics: 'ALL' as const }]
  const script = Runner(
    CloudwatchCollector({}, { regions: ['us-east-1'], policy: 'everything', targets }, NO_WAIT),
  )
  const run = makeRun(makeStore(), { triggerTimeMs: Date.UTC(2026, 10, 25), session: SESSION })
  const plan = await script.plan?.(run, { intervalMs: 300_000 })
  const polled = plan?.metrics.filter(({ rule }) => rule === 'everything') ?? []
  expect(polled.map(({ metric, series }) => [metric, series])).toEqual(
    METRICS.toSorted().map((metric) => [metric, FUNCTIONS]),
  )
  expect(polled.reduce((sum, { billedMetrics }) => sum + billedMetrics, 0)).toBe(40_000)
  expect(polled.reduce((sum, { fields }) => sum + fields, 0)).toBe(80_000)
  // 80,000 queries, at most 500 in each.
  expect(plan?.requests.find(({ rule }) => rule === 'everything')?.requests).toBeGreaterThanOrEqual(160)
  // All series, and who was active lately: what policy mask would save is one of the options.
  expect(run.totals()).toEqual({ requests: { 'cloudwatch:ListMetrics': 160 }, billedMetrics: 0 })
  expect(JSON.stringify(plan).length).toBeLessThan(10_000)
}, 60_000)
