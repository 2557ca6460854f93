import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { SinkTraits } from '../../core/dff.ts'
import { type Aws, COMPLETE, deployedScript, expectNoPointTwice, NO_WAIT, startAws } from './aws-fixture.ts'
import { makeRun, makeStore } from './run-context.ts'

const MINUTE_MS = 60_000
const START_MS = Date.parse('2026-11-20T12:00:00Z')
const DELETED_MS = START_MS + 12 * MINUTE_MS
const POLLS = 12
const UNKNOWN: SinkTraits = { rewrite: 'unknown', mergesFields: false }

let aws: Aws

/** Invocations that run for minutes, so that the last ones report long after their function was deleted. */
beforeAll(async () => {
  aws = await startAws({
    functions: 6,
    regions: ['us-east-1'],
    nowMs: START_MS,
    late: { minDelaySec: 20, maxDelaySec: 150, lateShare: 0, minLateHours: 1, maxLateHours: 6 },
    groups: [
      {
        name: 'long',
        share: 1,
        activity: { kind: 'steady' },
        perMin: [3, 3],
        timeoutSec: [900],
        medianMs: [200_000, 200_000],
        maxMs: 800_000,
        longShare: 0.05,
        errorShare: 0.1,
        traits: ['plain'],
        versionTimeoutsSec: [],
        edgeRegions: [],
      },
    ],
  })
})
afterAll(async () => aws.close())

describe('a function that is deleted', () => {
  it('is collected until its last invocation has reported, under the tags that it had', async () => {
    await aws.control('POST', 'functions', { index: 2, kind: 'delete', atMs: DELETED_MS })
    const store = makeStore()
    for (let poll = 0; poll < POLLS; poll += 1) {
      const triggerTimeMs = START_MS + poll * 5 * MINUTE_MS
      await aws.control('POST', 'clock', { nowMs: triggerTimeMs })
      const run = makeRun(store, { triggerTimeMs, session: aws.session, sink: UNKNOWN })
      await deployedScript(['us-east-1'], NO_WAIT).run(run)
    }
    const { accounts } = await aws.control<{
      accounts: { regions: { functions: { name: string; index: number; isListed: boolean }[] }[] }[]
    }>('GET', 'truth')
    const deleted = accounts[0]?.regions[0]?.functions.find(({ index }) => index === 2)
    expect(deleted?.isListed).toBe(false)
    const lines = store.points.filter(
      ({ category, tags }) => category === 'metric' && tags['name'] === deleted?.name,
    )
    expect(Math.max(...lines.map(({ timeMs }) => timeMs))).toBe(DELETED_MS - MINUTE_MS)
    expect(new Set(lines.map(({ tags }) => tags['Runtime'])).size).toBe(1)
    expect(lines[0]?.tags).toHaveProperty('Runtime')
    expectNoPointTwice(store)
    const span = { startMs: START_MS - 60 * MINUTE_MS, endMs: START_MS + 30 * MINUTE_MS }
    const audit = await aws.audit(store, span)
    expect(audit).toEqual({ expected: audit.expected, ...COMPLETE })
    expect(audit.expected).toBeGreaterThan(1_000)
  }, 60_000)
})
