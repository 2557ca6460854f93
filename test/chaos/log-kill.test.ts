import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, inject, it } from 'vitest'
import { MINUTE_MS } from '../../core/time.ts'
import { createRandom } from '../../simulator/truth/random.ts'
import { ChaosHome } from './chaos-home.ts'

const KILLS = inject('length') === 'long' ? 100 : 16
const SEED = 20_271
/** Of simulated time, between the polls around a kill. */
const STEP_MS = 2 * MINUTE_MS
/** Polls until every event has come and every minute is final. */
const SETTLING_POLLS = 5
const FIRST_LOOK_MS = 30 * MINUTE_MS
const OPEN_MS = 12 * MINUTE_MS

interface LogAudit {
  readonly expected: number
  readonly missing: number
  readonly duplicates: number
}

interface Held {
  readonly tags: Readonly<Record<string, string>>
  readonly fields: Readonly<Record<string, unknown>>
  readonly time: unknown
}

async function openLogs(): Promise<ChaosHome> {
  const chaos = await ChaosHome.open({
    functions: 20,
    regions: 2,
    seed: SEED,
    setId: 'guance_aws_cloudwatchlogs',
    failShare: 1 / 3,
    simulatorArgs: ['--latency', '5'],
  })
  await chaos.home.control('logs', { lateShare: 0.05, maxLateSec: 480, emptyShare: 0.2, burstShare: 0.1 })
  return chaos
}

/** One kill of the host or of its task somewhere in a poll, then the next poll. */
async function killOnce(chaos: ChaosHome, random: () => number, spanMs: number): Promise<void> {
  await chaos.moveOn(STEP_MS)
  const { end } = await chaos.begin()
  await wait(random() * spanMs * 1.1)
  const [child] = chaos.host.children()
  if (child !== undefined && random() < 0.5) {
    process.kill(child, 'SIGKILL')
    await end
  } else {
    await chaos.killHost()
  }
  await chaos.poll(STEP_MS)
}

async function invocationsOf(chaos: ChaosHome, startMs: number, endMs: number) {
  const regions = chaos.home.simulator.info.regions
  let truth = 0
  for (const region of regions) {
    const path = `truth/reports?region=${region}&startMs=${startMs}&endMs=${endMs}`
    const { minutes } = await chaos.home.control<{ minutes: readonly { invocations: number }[] }>(path)
    truth += minutes.reduce((sum, { invocations }) => sum + invocations, 0)
  }
  const { points } = await chaos.home.control<{ points: readonly Held[] }>(
    `received?measurement=aws_lambda_report&limit=Infinity&startMs=${startMs}&endMs=${endMs}`,
  )
  return { truth, held: points.reduce((sum, { fields }) => sum + Number(fields['invocations']), 0) }
}

describe('a host that is killed again and again while it collects logs', () => {
  it('brings every event, none twice but in a batch that came twice, and every report in its minute', async () => {
    await using chaos = await openLogs()
    const random = createRandom(SEED)
    await chaos.pollWell()
    const firstMs = chaos.nowMs
    const spanMs = await chaos.pollWell(STEP_MS)
    for (let kill = 0; kill < KILLS; kill += 1) await killOnce(chaos, random, spanMs)
    for (let poll = 0; poll < SETTLING_POLLS; poll += 1) await chaos.pollWell()
    chaos.sink.failShare = 0
    await chaos.pollWell()
    await chaos.drain()
    const { regions } = chaos.home.simulator.info
    const span = { startMs: firstMs - FIRST_LOOK_MS, endMs: chaos.nowMs - OPEN_MS }
    const audit = await chaos.home.control<LogAudit>('audit/logs', { regions, ...span })
    const verdict = chaos.sink.verdict()
    console.log(JSON.stringify({ audit, verdict }))
    expect(audit).toMatchObject({ missing: 0, samples: [] })
    expect(audit.expected).toBeGreaterThan(2_000)
    // An event that came twice came in a body that came twice: the sink had it and lost the answer, or the kill did.
    expect(verdict).toMatchObject({ publishedAgain: 0, duplicatesDiffering: 0, outOfOrder: 0 })
    const minutes = await invocationsOf(chaos, span.startMs, span.endMs)
    expect(minutes.held).toBe(minutes.truth)
    expect(minutes.truth).toBeGreaterThan(200)
  })
})
