import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openSqliteStore } from '../../../runner/store/sqlite/open.ts'
import type { Store } from '../../../runner/store/store.ts'
import { createScheduler, type Scheduler } from '../../../runner/trigger/scheduler.ts'

const MINUTE_MS = 60_000
const NOON_MS = Date.parse('2026-11-23T12:00:00Z')
/** Longer than any jitter. */
const SETTLED_MS = 11_000

let folder: string
let store: Store
let nowMs: number
let ticks: string[]
let notes: string[]
let timer: { readonly action: () => void; readonly delayMs: number } | undefined
let scheduler: Scheduler

function makeScheduler(): Scheduler {
  return createScheduler({
    triggers: store.triggers,
    onTick: async (trigger, { tickMs, missedTicks }) => {
      const isNew = await store.queue.enqueueOnce({
        id: `${trigger.triggerId}-${tickMs}-${Math.random()}`,
        funcId: trigger.funcId,
        triggerId: trigger.triggerId,
        origin: 'cronJob',
        tickMs,
        triggerTimeMs: tickMs,
        expiresAtMs: tickMs + MINUTE_MS,
        missedTicks,
        isDebug: false,
        connector: 'file',
        endpointUrl: null,
      })
      const missed = missedTicks === 0 ? '' : ` missed ${missedTicks}`
      if (isNew) ticks.push(`${trigger.triggerId} ${new Date(tickMs).toISOString().slice(11, 16)}${missed}`)
    },
    onProblem: (text) => notes.push(text),
    now: () => nowMs,
    setTimer: (action, delayMs) => {
      timer = { action, delayMs }
      return () => {
        timer = undefined
      }
    },
  })
}

async function addTrigger(triggerId: string, cron: string, timezone = 'UTC'): Promise<void> {
  const scriptId = `startup__${triggerId}`
  const script = { scriptId, setId: triggerId, digest: '', functions: [], deployedAtMs: NOON_MS }
  const declared = { triggerId, funcId: `${scriptId}.run`, title: 'T', fixedCronExpr: cron, timezone }
  await store.scripts.put(script, [declared])
}

async function moveTo(timeMs: number): Promise<void> {
  nowMs = timeMs
  await scheduler.refresh()
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'scheduler-'))
  store = await openSqliteStore(join(folder, 'host.db'))
  nowMs = NOON_MS
  ticks = []
  notes = []
  timer = undefined
  scheduler = makeScheduler()
})

afterEach(async () => {
  await scheduler.stop()
  await store.close()
  rmSync(folder, { recursive: true, force: true })
})

describe('scheduler', () => {
  it('starts a new trigger with its next tick, and fires each tick once', async () => {
    await addTrigger('a', '*/5 * * * *')
    await scheduler.refresh()
    expect(ticks).toEqual([])
    await moveTo(NOON_MS + 5 * MINUTE_MS + SETTLED_MS)
    await scheduler.refresh()
    await moveTo(NOON_MS + 10 * MINUTE_MS + SETTLED_MS)
    expect(ticks).toEqual(['a 12:05', 'a 12:10'])
  })

  it('fires a tick by its timer, at most ten seconds late', async () => {
    await addTrigger('a', '* * * * *')
    await scheduler.refresh()
    const delayMs = timer?.delayMs ?? Number.NaN
    expect(delayMs).toBeLessThanOrEqual(MINUTE_MS)
    nowMs = NOON_MS + MINUTE_MS + 10_000
    timer?.action()
    await scheduler.refresh()
    expect(ticks).toEqual(['a 12:01'])
  })

  it('sleeps a minute at most, so that a clock that was set is noticed', async () => {
    await addTrigger('a', '0 0 1 1 *')
    await scheduler.refresh()
    expect(timer?.delayMs).toBe(MINUTE_MS)
  })

  it('runs once for all the ticks that were missed while no host ran', async () => {
    await addTrigger('a', '*/5 * * * *')
    await scheduler.refresh()
    await moveTo(NOON_MS + 5 * MINUTE_MS + SETTLED_MS)
    await scheduler.stop()
    scheduler = makeScheduler()
    await moveTo(NOON_MS + 63 * MINUTE_MS)
    expect(ticks).toEqual(['a 12:05', 'a 13:00 missed 10'])
    await moveTo(NOON_MS + 65 * MINUTE_MS + SETTLED_MS)
    expect(ticks).toEqual(['a 12:05', 'a 13:00 missed 10', 'a 13:05'])
  })

  it('counts no further than a thousand missed ticks', async () => {
    await addTrigger('a', '* * * * *')
    await scheduler.refresh()
    await moveTo(NOON_MS + MINUTE_MS + SETTLED_MS)
    await moveTo(NOON_MS + 30 * 24 * 60 * MINUTE_MS + SETTLED_MS)
    expect(ticks).toEqual(['a 12:01', 'a 12:00 missed 1000'])
  })

  it('starts with its next tick when it was enabled while no host ran', async () => {
    await addTrigger('a', '*/5 * * * *')
    await store.triggers.setEnabled('a', false)
    await scheduler.refresh()
    await scheduler.stop()
    await store.triggers.setEnabled('a', true)
    scheduler = makeScheduler()
    await moveTo(NOON_MS + 22 * MINUTE_MS)
    expect(ticks).toEqual([])
    await moveTo(NOON_MS + 25 * MINUTE_MS + SETTLED_MS)
    expect(ticks).toEqual(['a 12:25'])
  })

  it('fires nothing for a disabled trigger, and not at once when it is enabled again', async () => {
    await addTrigger('a', '*/5 * * * *')
    await store.triggers.setEnabled('a', false)
    await scheduler.refresh()
    await moveTo(NOON_MS + 20 * MINUTE_MS)
    expect(ticks).toEqual([])
    await store.triggers.setEnabled('a', true)
    await moveTo(NOON_MS + 22 * MINUTE_MS)
    expect(ticks).toEqual([])
    await moveTo(NOON_MS + 25 * MINUTE_MS + SETTLED_MS)
    expect(ticks).toEqual(['a 12:25'])
  })

  it('follows an override and its time zone', async () => {
    await addTrigger('a', '*/5 * * * *')
    await scheduler.refresh()
    await store.triggers.setOverride('a', '30 20 * * *', 'Asia/Shanghai')
    await moveTo(NOON_MS + 29 * MINUTE_MS)
    expect(ticks).toEqual([])
    await moveTo(NOON_MS + 30 * MINUTE_MS + SETTLED_MS)
    expect(ticks).toEqual(['a 12:30'])
  })

  it('goes on after the clock was set back, without running a tick again', async () => {
    await addTrigger('a', '*/5 * * * *')
    await scheduler.refresh()
    await moveTo(NOON_MS + 5 * MINUTE_MS + SETTLED_MS)
    await moveTo(NOON_MS + MINUTE_MS)
    await moveTo(NOON_MS + 5 * MINUTE_MS + SETTLED_MS)
    await moveTo(NOON_MS + 10 * MINUTE_MS + SETTLED_MS)
    expect(ticks.filter((tick) => tick === 'a 12:05')).toHaveLength(1)
    expect(ticks.at(-1)).toBe('a 12:10')
  })

  it('runs on at once when the clock was hours ahead and is set right', async () => {
    await addTrigger('a', '*/5 * * * *')
    await scheduler.refresh()
    await moveTo(NOON_MS + 5 * MINUTE_MS + SETTLED_MS)
    await moveTo(NOON_MS + 180 * MINUTE_MS + SETTLED_MS)
    await moveTo(NOON_MS + 7 * MINUTE_MS)
    await moveTo(NOON_MS + 10 * MINUTE_MS + SETTLED_MS)
    expect(ticks).toEqual(['a 12:05', 'a 15:00 missed 34', 'a 12:10'])
    // What the wrong clock made early is made again at its time.
    for (let minute = 15; minute <= 180; minute += 5) await moveTo(NOON_MS + minute * MINUTE_MS + SETTLED_MS)
    expect(ticks).toHaveLength(3 + 34)
    expect(ticks.at(-1)).toBe('a 15:00')
  })

  it('lets a trigger that was deployed by a clock ahead run when the clock is set right', async () => {
    await addTrigger('a', '*/5 * * * *')
    await scheduler.refresh()
    await moveTo(NOON_MS - 120 * MINUTE_MS)
    expect(ticks).toEqual([])
    await moveTo(NOON_MS - 115 * MINUTE_MS + SETTLED_MS)
    expect(ticks).toEqual(['a 10:05'])
  })

  it('runs once after the clock jumped forward, and says for how many', async () => {
    await addTrigger('a', '*/5 * * * *')
    await scheduler.refresh()
    await moveTo(NOON_MS + 5 * MINUTE_MS + SETTLED_MS)
    await moveTo(NOON_MS + 60 * MINUTE_MS + SETTLED_MS)
    expect(ticks).toEqual(['a 12:05', 'a 13:00 missed 10'])
  })

  it('fires nothing while all triggers are paused, also in the next host, and goes on with the next tick', async () => {
    await addTrigger('a', '*/5 * * * *')
    await addTrigger('b', '*/10 * * * *')
    await scheduler.refresh()
    await store.triggers.setPause({ sinceMs: nowMs, untilMs: null })
    await moveTo(NOON_MS + 21 * MINUTE_MS)
    await scheduler.stop()
    scheduler = makeScheduler()
    await moveTo(NOON_MS + 42 * MINUTE_MS)
    await addTrigger('c', '*/5 * * * *')
    await moveTo(NOON_MS + 46 * MINUTE_MS)
    expect(ticks).toEqual([])
    await store.triggers.setPause(null)
    await moveTo(NOON_MS + 47 * MINUTE_MS)
    expect(ticks).toEqual([])
    await moveTo(NOON_MS + 50 * MINUTE_MS + SETTLED_MS)
    expect(ticks).toEqual(['a 12:50', 'b 12:50', 'c 12:50'])
  })

  it('ends a pause by itself, its last moment included, and wakes up for it', async () => {
    await addTrigger('a', '*/5 * * * *')
    await scheduler.refresh()
    await store.triggers.setPause({ sinceMs: nowMs, untilMs: NOON_MS + 15 * MINUTE_MS })
    await moveTo(NOON_MS + 14 * MINUTE_MS + 30_000)
    expect(timer?.delayMs).toBe(30_000)
    await moveTo(NOON_MS + 15 * MINUTE_MS)
    expect(await store.triggers.pause()).toBeNull()
    await moveTo(NOON_MS + 15 * MINUTE_MS + SETTLED_MS)
    expect(ticks).toEqual(['a 12:15'])
  })

  it('lets one broken trigger stop no other', async () => {
    await addTrigger('a', 'nonsense', 'UTC')
    await addTrigger('b', '*/5 * * * *')
    await scheduler.refresh()
    await moveTo(NOON_MS + 5 * MINUTE_MS + SETTLED_MS)
    expect(ticks).toEqual(['b 12:05'])
    expect(notes[0]).toContain('trigger a')
  })

  it('creates a tick once when two schedulers see it', async () => {
    await addTrigger('a', '*/5 * * * *')
    const other = makeScheduler()
    await Promise.all([scheduler.refresh(), other.refresh()])
    nowMs = NOON_MS + 5 * MINUTE_MS + SETTLED_MS
    await Promise.all([scheduler.refresh(), other.refresh()])
    await other.stop()
    expect(ticks).toEqual(['a 12:05'])
  })

  it('fires nothing once it has stopped', async () => {
    await addTrigger('a', '*/5 * * * *')
    await scheduler.refresh()
    await scheduler.stop()
    await moveTo(NOON_MS + 5 * MINUTE_MS + SETTLED_MS)
    expect(ticks).toEqual([])
    expect(timer).toBeUndefined()
  })
})
