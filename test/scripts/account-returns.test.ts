import { describe, expect, it, onTestFinished } from 'vitest'
import { CloudwatchCollector } from '../../scripts/guance_aws_cloudwatch/main.ts'
import { LambdaCollector } from '../../scripts/guance_aws_lambda/main.ts'
import { Runner } from '../../scripts/guance_integration/main.ts'
import { expectNoPointTwice, FIRST_TRIGGER_MS, FIVE_MINUTES_MS, NO_WAIT, startAws } from './aws-fixture.ts'
import { makeRun, makeStore, type TestStore } from './run-context.ts'

const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000
const REGION = 'us-east-1'
const METRICS = ['Invocations', 'Errors']

function script() {
  return Runner([
    LambdaCollector({}, { regions: [REGION] }, { backoff: NO_WAIT }),
    CloudwatchCollector(
      {},
      { regions: [REGION], targets: [{ namespace: 'AWS/Lambda', metrics: METRICS }] },
      NO_WAIT,
    ),
  ])
}

/** What the host forgets of an account that was collected no more: all of it, or what was used a little earlier than the rest. */
const FORGETTING: Readonly<Record<string, (index: number) => boolean>> = {
  'all of it': () => true,
  'one half of it': (index) => index % 2 === 0,
  'the other half': (index) => index % 2 === 1,
}

function forget({ state }: TestStore, isForgotten: (index: number) => boolean): void {
  for (const [index, key] of [...state.keys()].toSorted().entries()) if (isForgotten(index)) state.delete(key)
}

describe('an account that comes back after its state was forgotten', () => {
  it.for(Object.keys(FORGETTING))('is collected from three hours back, each value once: %s', async (what) => {
    const aws = await startAws({ functions: 2, regions: [REGION], sinceMs: FIRST_TRIGGER_MS - 95 * DAY_MS })
    onTestFinished(async () => aws.close())
    const store = makeStore()
    const runAt = async (triggerTimeMs: number) => {
      const run = makeRun(store, { triggerTimeMs, session: aws.session })
      await script().run(run)
      return run
    }
    await runAt(FIRST_TRIGGER_MS - 91 * DAY_MS)
    const before = store.points.length
    expect(before).toBeGreaterThan(0)
    forget(store, FORGETTING[what] ?? (() => false))
    for (const number of [0, 1, 2]) await runAt(FIRST_TRIGGER_MS + number * FIVE_MINUTES_MS)
    expectNoPointTwice(store)
    const back = { ...store, points: store.points.slice(before) }
    const startMs = FIRST_TRIGGER_MS - 2 * HOUR_MS
    const audit = await aws.audit(back, { startMs, endMs: FIRST_TRIGGER_MS - 15 * 60_000, metrics: METRICS })
    expect(audit).toMatchObject({ missing: 0, wrong: 0, extra: 0 })
    expect(audit.expected).toBeGreaterThan(0)
  })
})
