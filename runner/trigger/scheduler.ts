import { createHash } from 'node:crypto'
import { type EpochMs, MINUTE_MS, SECOND_MS } from '../../core/time.ts'
import type { StoredTrigger, TriggerStore } from '../store/store.ts'
import { parseSchedule, type Schedule } from './schedule.ts'

/** Ticks of many triggers spread over this much, so that they do not all ask AWS in the same second. */
const MAX_JITTER_MS = 10 * SECOND_MS

/** The longest sleep: a clock that was set, or a suspended machine, is noticed within it. */
const MAX_SLEEP_MS = MINUTE_MS

/** A timer's shortest sleep; one that fires a moment early must not spin. */
const MIN_SLEEP_MS = 20

export interface SchedulerOptions {
  readonly triggers: TriggerStore
  /** Called once per tick that is due; the store decides whether the tick is new. */
  readonly onTick: (trigger: StoredTrigger, tickMs: EpochMs) => Promise<void>
  readonly onProblem: (text: string) => void
  readonly now?: () => EpochMs
  /** Returns what cancels the timer. */
  readonly setTimer?: (action: () => void, delayMs: number) => () => void
}

export interface Scheduler {
  /** Looks at every trigger now, fires what is due and sleeps until the next; called again after any change of a trigger. */
  refresh(): Promise<void>
  /** How long ago it looked last, by a clock that nobody sets. */
  silenceMs(): number
  /** No tick fires after this resolved. */
  stop(): Promise<void>
}

/** What counts: the user's override if there is one, else the script's own. */
export function effectiveCron(trigger: StoredTrigger): string {
  return trigger.cronOverride ?? trigger.fixedCronExpr
}

/** The schedule of a trigger; throws BAD_CRON naming the trigger. */
export function scheduleOf(trigger: StoredTrigger): Schedule {
  return parseSchedule(effectiveCron(trigger), trigger.timezone, `trigger ${trigger.triggerId}`)
}

/** The same delay at every tick of a trigger, so that its polls stay evenly spaced. */
function jitterMs(triggerId: string): number {
  return createHash('sha256').update(triggerId).digest().readUInt32BE(0) % MAX_JITTER_MS
}

function startTimer(action: () => void, delayMs: number): () => void {
  const timer = setTimeout(action, delayMs)
  return () => clearTimeout(timer)
}

/** Remembers from when on ticks of a trigger count: a trigger that is new, re-enabled or rescheduled starts with its next tick. */
class Baselines {
  readonly #seen = new Map<string, { readonly key: string; readonly sinceMs: EpochMs }>()

  after(trigger: StoredTrigger, nowMs: EpochMs): EpochMs {
    const key = `${trigger.isEnabled} ${effectiveCron(trigger)} ${trigger.timezone}`
    const seen = this.#seen.get(trigger.triggerId)
    const isChanged = seen !== undefined && seen.key !== key
    // Seen for the first time by this process: what it missed while no host ran counts from its last tick.
    const sinceMs = isChanged || trigger.lastTickMs === null ? nowMs : 0
    const baseline = seen === undefined || isChanged ? { key, sinceMs } : seen
    this.#seen.set(trigger.triggerId, baseline)
    // A last tick in the future was made by a clock that has been set back since: it must not stop the trigger.
    const lastMs = trigger.lastTickMs ?? 0
    return Math.max(baseline.sinceMs, lastMs > nowMs ? 0 : lastMs)
  }
}

/** Fires triggers on time. Ticks that were missed run once: only the last of them is due. */
export function createScheduler(options: SchedulerOptions): Scheduler {
  const now = options.now ?? Date.now
  const setTimer = options.setTimer ?? startTimer
  const baselines = new Baselines()
  let cancelTimer: (() => void) | undefined
  let isStopped = false
  let lookedAtMs = performance.now()
  let running: Promise<void> = Promise.resolve()

  /** Fires the trigger if it is due; answers when it is next. */
  async function serve(trigger: StoredTrigger): Promise<EpochMs | null> {
    const nowMs = now()
    const afterMs = baselines.after(trigger, nowMs)
    if (!trigger.isEnabled) return null
    const schedule = scheduleOf(trigger)
    const jitter = jitterMs(trigger.triggerId)
    const tickMs = schedule.previous(nowMs - jitter)
    if (tickMs !== null && tickMs > afterMs) await options.onTick(trigger, tickMs)
    const nextMs = schedule.next(nowMs - jitter)
    return nextMs === null ? null : nextMs + jitter
  }

  async function pass(): Promise<void> {
    if (isStopped) return
    lookedAtMs = performance.now()
    cancelTimer?.()
    let earliestMs = Infinity
    // One after another: a tick is one small transaction, and two passes must not see the same trigger twice.
    for (const trigger of await options.triggers.list()) {
      const nextMs = await serve(trigger).catch((error: unknown) => {
        options.onProblem(error instanceof Error ? error.message : String(error))
        return null
      })
      earliestMs = Math.min(earliestMs, nextMs ?? Infinity)
    }
    const delayMs = Math.min(MAX_SLEEP_MS, Math.max(MIN_SLEEP_MS, earliestMs - now()))
    if (!isStopped) cancelTimer = setTimer(() => void refresh(), delayMs)
  }

  function refresh(): Promise<void> {
    running = running.then(pass).catch((error: unknown) => {
      options.onProblem(error instanceof Error ? error.message : String(error))
      if (!isStopped) cancelTimer = setTimer(() => void refresh(), MAX_SLEEP_MS)
    })
    return running
  }

  return {
    refresh,
    silenceMs: () => performance.now() - lookedAtMs,
    stop: async () => {
      isStopped = true
      cancelTimer?.()
      await running
    },
  }
}
