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
    onTick: async (trigger, tickMs) => {
      const isNew = await store.queue.enqueueOnce({
        id: `${trigger.triggerId}-${tickMs}-${Math.random()}`,
        funcId: trigger.funcId,
        triggerId: trigger.triggerId,
        origin: 'cronJob',
        tickMs,
        triggerTimeMs: tickMs,
        expiresAtMs: tickMs + MINUTE_MS,
        isDebug: false,
        connector: 'file',
        endpointUrl: null,
      })
      if (isNew) ticks.push(`${trigger.triggerId} ${new Date(tickMs).toISOString().slice(11, 16)}`)
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
    expect(ticks).toEqual(['a 12:05', 'a 13:00'])
    await moveTo(NOON_MS + 65 * MINUTE_MS + SETTLED_MS)
    expect(ticks).toEqual(['a 12:05', 'a 13:00', 'a 13:05'])
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
