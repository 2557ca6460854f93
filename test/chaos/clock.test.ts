import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, inject, it, vi } from 'vitest'
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../../core/time.ts'
import type { OutboxRow } from '../../runner/host-report.ts'
import { createRandom } from '../../simulator/truth/random.ts'
import { SETTLING_POLLS } from './audit.ts'
import { ChaosHome } from './chaos-home.ts'

const ROUNDS = inject('length') === 'long' ? 200 : 12
const SEED = 11
const KILL_SHARE = 0.4
const TRIGGER = 'cron-startup-guance_aws_lambda'
const PRELOAD = fileURLToPath(new URL('stepped-clock.ts', import.meta.url))
/** By how much the host's clock is wrong: right, a drift, a zone mistaken for UTC, a wrong day, a dead battery. */
const STEPS_MS = [
  0,
  0,
  40 * SECOND_MS,
  -40 * SECOND_MS,
  HOUR_MS,
  -HOUR_MS,
  50 * MINUTE_MS,
  -50 * MINUTE_MS,
  26 * HOUR_MS,
  -26 * HOUR_MS,
  400 * DAY_MS,
  -9_000 * DAY_MS,
]

let folder: string
let chaos: ChaosHome

/** Sets the host's clock to so much beside AWS's; resolves when it reads that. */
async function setClock(wrongByMs: number): Promise<void> {
  const text = String(Math.round(chaos.nowMs + wrongByMs - Date.now()))
  writeFileSync(join(folder, 'offset'), text)
  process.kill(chaos.host.pid, 'SIGUSR2')
  await vi.waitFor(() => expect(readFileSync(join(folder, 'offset.read'), 'utf8')).toBe(text), 10_000)
}

async function oldestBatch(): Promise<OutboxRow | undefined> {
  const [oldest] = await chaos.host.call('outbox.list', { state: 'waiting', limit: 1 })
  return oldest
}

async function timePoll(): Promise<number> {
  const startedMs = performance.now()
  await pollAsOfNow()
  return performance.now() - startedMs
}

/** A step of AWS's time, and a poll by a clock that is right. */
async function pollAsOfNow(): Promise<void> {
  await chaos.moveOn()
  await setClock(0)
  // Looks at the triggers, as the host does by itself within a minute.
  await chaos.host.call('trigger.enable', { triggerId: TRIGGER, isEnabled: true })
  expect((await (await chaos.begin(null)).end).text).toContain(': success')
}

/**
 * A step of AWS's time, then a poll as of the host's own clock, which jumps once before it and maybe once within it, or
 * the host is killed within it. True when it was.
 */
async function round(random: () => number, pollMs: number): Promise<boolean> {
  const draw = (): number => STEPS_MS[Math.floor(random() * STEPS_MS.length)] ?? 0
  await chaos.moveOn()
  await setClock(draw())
  // Looks at the triggers, as the host does by itself within a minute.
  await chaos.host.call('trigger.enable', { triggerId: TRIGGER, isEnabled: true })
  const { end } = await chaos.begin(null)
  if (random() < KILL_SHARE) {
    await wait(random() * pollMs)
    await chaos.killHost()
    return true
  }
  if (random() < 0.5) await setClock(draw())
  expect((await end).text).toContain(': success')
  return false
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'stepped-clock-'))
  writeFileSync(join(folder, 'offset'), '0')
  chaos = await ChaosHome.open({
    functions: 40,
    regions: 2,
    seed: SEED,
    failShare: 0.2,
    // A minute that is taken as final too early would show: its samples come up to two and a half minutes late.
    simulatorArgs: ['--late', '--late-share', '0'],
    host: { nodeArgs: ['--import', PRELOAD], env: { CLOCK_OFFSET: join(folder, 'offset') } },
  })
})

afterEach(async () => {
  await chaos[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

describe('a clock that is set while the host runs', () => {
  it('neither loses nor changes a point, and holds up neither triggers nor delivery once it is right again', async () => {
    const random = createRandom(SEED)
    await setClock(0)
    await chaos.host.call('trigger.set', { triggerId: TRIGGER, cron: '*/5 * * * *', timezone: null })
    await pollAsOfNow()
    // A wrong year once, and a start after it: what was written before must not look old beside what was written then.
    for (const wrongByMs of [400 * DAY_MS, -9_000 * DAY_MS]) {
      await chaos.moveOn()
      await setClock(wrongByMs)
      await (
        await chaos.begin(null)
      ).end
      await pollAsOfNow()
      await chaos.killHost()
    }
    const pollMs = await timePoll()
    let kills = 0
    for (let count = 0; count < ROUNDS; count += 1) if (await round(random, pollMs)) kills += 1
    await pollAsOfNow()
    // Batches whose next try lies an hour ahead, by a clock that is then set back.
    await chaos.moveOn()
    await setClock(50 * MINUTE_MS)
    chaos.sink.isDown = true
    await (
      await chaos.begin(null)
    ).end
    await vi.waitFor(async () => expect((await oldestBatch())?.attempts).toBeGreaterThan(1), 60_000)
    await setClock(0)
    // Otherwise nothing is put off beyond what the sender waits anyway.
    expect(((await oldestBatch())?.nextAttemptMs ?? 0) - chaos.nowMs).toBeGreaterThan(49 * MINUTE_MS)
    chaos.sink.isDown = false
    chaos.sink.failShare = 0
    const drainedSec = await chaos.drain()
    for (let poll = 0; poll <= SETTLING_POLLS; poll += 1) await pollAsOfNow()
    await chaos.drain()
    const audit = await chaos.audit()
    const sink = chaos.sink.verdict()
    const records = await chaos.host.call('task.list', { limit: 1000, funcId: null, status: null })
    const ticks = records.filter(({ origin }) => origin === 'cronJob')
    const { expected, missing, wrong } = audit
    console.log(JSON.stringify({ kills, expected, missing, wrong, drainedSec, ticks: ticks.length, sink }))
    expect(audit).toMatchObject({
      missing: 0,
      wrong: 0,
      extra: 0,
      samples: [],
      rewrittenDifferently: 0,
      firstWrong: 0,
    })
    expect(expected).toBeGreaterThan(20_000)
    expect(kills).toBeGreaterThan(ROUNDS / 5)
    expect(sink).toMatchObject({ duplicatesDiffering: 0, publishedAgain: 0 })
    // The tries of a minute at most, not the hour that the clock was ahead.
    expect(drainedSec).toBeLessThan(90)
    // Each of the last polls came five minutes after the one before, by a clock that is right.
    expect(ticks.length).toBeGreaterThanOrEqual(SETTLING_POLLS)
  })
})
