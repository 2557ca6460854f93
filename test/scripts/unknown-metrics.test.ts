import { afterEach, describe, expect, it } from 'vitest'
import type { CloudwatchConfigs } from '../../core/dff.ts'
import { CloudwatchCollector } from '../../scripts/guance_aws_cloudwatch/main.ts'
import { Runner } from '../../scripts/guance_integration/main.ts'
import { NO_WAIT } from './aws-fixture.ts'
import { makeRun, makeStore, SESSION, type TestStore } from './run-context.ts'
import { answerAs, lambda } from './scripted-aws.ts'
import { type ScriptedCloudwatch, startScriptedCloudwatch } from './scripted-cloudwatch.ts'

const MINUTE_MS = 60_000
/** In the past, so that AWS's own clock, which is this machine's, never ends a window earlier. */
const START_MS = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS - 120 * MINUTE_MS

let server: ScriptedCloudwatch | undefined

afterEach(async () => {
  await server?.close()
  server = undefined
})

/** AWS lists a metric that no catalogue has, in two dimension sets beside a known one. */
async function poll(store: TestStore, minutes: number, target: CloudwatchConfigs['targets'][number]) {
  await server?.close()
  const version = { ...lambda('SnapStartRestores', 'f'), dimensions: { FunctionName: 'f', Resource: 'f:1' } }
  const listed = [lambda('Errors', 'f'), version, lambda('SnapStartRestores', 'f')]
  server = await startScriptedCloudwatch(answerAs({ listed, valueOf: () => 2 }))
  const run = makeRun(store, { triggerTimeMs: START_MS + minutes * MINUTE_MS, session: SESSION })
  await Runner(CloudwatchCollector({}, { regions: ['us-east-1'], targets: [target] }, NO_WAIT)).run(run)
  return run
}

const NAMESPACE = 'AWS/Lambda'

describe('a metric that the catalogue does not know', () => {
  it.each([
    ['ALL', { namespace: NAMESPACE, metrics: ['ALL'] }],
    ['a wildcard beside a known name', { namespace: NAMESPACE, metrics: ['Errors', '*Re*'] }],
    ['its name', { namespace: NAMESPACE, metrics: ['SnapStartRestores'], allowUnknownMetrics: true }],
  ])('is reported once, and collected in one dimension set by %s', async (_, target) => {
    const store = makeStore()
    const first = await poll(store, 0, target)
    expect(first.problems).toMatchObject([
      { code: 'unknown-metric', message: expect.stringContaining('SnapStartRestores. They are collected') },
    ])
    const lines = store.points.filter(({ fields }) => fields['SnapStartRestores_Sum'] !== undefined)
    expect(new Set(lines.map(({ tags }) => tags['Dimensions']))).toEqual(new Set(['FunctionName']))
    expect(Object.keys(lines[0]?.fields ?? {}).filter((field) => field.startsWith('Snap'))).toEqual(
      ['Average', 'Maximum', 'Minimum', 'SampleCount', 'Sum'].map(
        (statistic) => `SnapStartRestores_${statistic}`,
      ),
    )
    expect((await poll(store, 5, target)).problems).toEqual([])
    expect((await poll(store, 20, target)).problems).toEqual([])
  })

  it('is reported and left alone by a pattern that does not match it', async () => {
    const store = makeStore()
    const run = await poll(store, 0, { namespace: NAMESPACE, metrics: ['Errors'] })
    expect(run.problems).toMatchObject([{ code: 'unknown-metric' }])
    expect(JSON.stringify(store.points)).not.toContain('SnapStart')
  })
})
