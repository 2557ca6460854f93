import { afterEach, describe, expect, inject, it } from 'vitest'
import { DAY_MS, MINUTE_MS } from '../../core/time.ts'
import { SETTLING_POLLS } from './audit.ts'
import { ChaosHome } from './chaos-home.ts'

const IS_LONG = inject('length') === 'long'
/** The whole size takes half an hour on two cores, most of it the simulator's: CI has a twentieth of the functions and polls that reach further. */
const FUNCTIONS = IS_LONG ? 1_000 : 50
const STEP_MS = IS_LONG ? 5 * MINUTE_MS : 20 * MINUTE_MS
const OUTAGE_MS = DAY_MS
/** Compressed, a metric point takes some 40 bytes and an object 160, and a day of polls has as many of these: twice the mean is no backlog that is bounded by what was collected. */
const MAX_BYTES_PER_POINT = 200

let chaos: ChaosHome

afterEach(async () => {
  await chaos[Symbol.asyncDispose]()
})

describe('a sink that is down for a day', () => {
  it('has all of the day delivered afterwards, in order, from a backlog that was bounded', async () => {
    chaos = await ChaosHome.open({ functions: FUNCTIONS, regions: 2, seed: 13 })
    await chaos.pollWell()
    await chaos.drain()
    const before = chaos.sink.verdict()
    chaos.sink.isDown = true
    const downMs = performance.now()
    for (let passedMs = 0; passedMs < OUTAGE_MS; passedMs += STEP_MS) await chaos.pollWell(STEP_MS)
    const { backlog, lanes } = await chaos.host.call('status', {})
    const attempts = chaos.sink.verdict().requests - before.requests
    const downSec = (performance.now() - downMs) / 1_000
    chaos.sink.isDown = false
    // As dff outbox retry: otherwise the first try comes within the minute that the sender waits at most.
    await chaos.host.call('outbox.retry', { batchId: null })
    const drainedSec = await chaos.drain(30 * MINUTE_MS)
    for (let poll = 0; poll <= SETTLING_POLLS; poll += 1) await chaos.pollWell()
    await chaos.drain()
    const audit = await chaos.audit()
    const sink = chaos.sink.verdict()
    const { expected, missing, wrong } = audit
    const pointsPerSec = Math.round(backlog.waitingPoints / drainedSec)
    console.log(
      JSON.stringify({
        functions: FUNCTIONS,
        backlog,
        lanes,
        attempts,
        drainedSec,
        pointsPerSec,
        expected,
        missing,
        wrong,
        sink,
      }),
    )
    expect(audit).toMatchObject({ missing: 0, wrong: 0, extra: 0, samples: [], rewrittenDifferently: 0 })
    expect(sink).toMatchObject({
      outOfOrder: 0,
      publishedAgain: 0,
      duplicatesDiffering: 0,
      ambiguousBatches: 0,
    })
    expect(backlog.waitingPoints).toBeGreaterThan(FUNCTIONS * 100)
    const [lane] = lanes
    expect(lane?.waitingBytes).toBeLessThan(
      Math.min(lane?.maxBytes ?? 0, backlog.waitingPoints * MAX_BYTES_PER_POINT),
    )
    // Patient: a sink that is down is not asked more than its backoff of up to a minute lets.
    expect(attempts).toBeGreaterThan(0)
    expect(attempts).toBeLessThan(20 + downSec)
    expect(sink.accepted).toBeGreaterThanOrEqual(backlog.waitingBatches)
  })
})
