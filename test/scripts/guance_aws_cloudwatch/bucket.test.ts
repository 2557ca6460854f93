import { describe, expect, it } from 'vitest'
import { bucketState, forgetGone, loadBucket } from '../../../scripts/guance_aws_cloudwatch/bucket.ts'
import type { Entry } from '../../../scripts/guance_aws_cloudwatch/ledger.ts'
import { makeRun, makeStore, SESSION } from '../run-context.ts'

const HOUR_MS = 3_600_000
const NOW_MS = Date.parse('2026-11-23T12:00:00Z')
const PLACE = { scope: '123456789012/us-east-1', namespace: 'AWS/Lambda' }
const ENTRY: Entry = {
  throughMs: NOW_MS,
  polledMs: NOW_MS,
  firstMs: NOW_MS - 3 * HOUR_MS,
  fields: 'Errors\tSum',
  former: [],
  missing: '',
  holes: [],
  elsewhere: [],
  tags: { Runtime: 'nodejs24.x' },
  past: [],
  waits: 0,
  gaps: [],
  done: [],
}

describe('an identity that AWS no longer lists', () => {
  it('is remembered as long as its digests, and forgotten after them, across runs', async () => {
    const store = makeStore()
    const bucketAt = async (hours: number, listed: readonly string[]) => {
      const nowMs = NOW_MS + hours * HOUR_MS
      const run = makeRun(store, { triggerTimeMs: nowMs, session: SESSION })
      const state = await loadBucket(run, PLACE, { bucket: 0, nowMs })
      if (hours === 0) for (const id of listed) state.entries.set(id, ENTRY)
      forgetGone(state, new Set(listed), nowMs)
      await run.commit({ points: [], state: bucketState(PLACE, state, nowMs) })
      return Object.fromEntries([...state.entries].map(([id, { goneMs }]) => [id, goneMs]))
    }
    const goneMs = NOW_MS + HOUR_MS
    expect(await bucketAt(0, ['listed', 'leaves'])).toEqual({ listed: undefined, leaves: undefined })
    expect(await bucketAt(1, ['listed'])).toEqual({ listed: undefined, leaves: goneMs })
    expect(await bucketAt(32, ['listed'])).toEqual({ listed: undefined, leaves: goneMs })
    expect(await bucketAt(33, ['listed'])).toEqual({ listed: undefined })
  })
})
