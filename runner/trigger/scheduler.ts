import { MAX_MISSED_TICKS } from '../host-api.ts'
import { createHash } from 'node:crypto'
import { type EpochMs, MINUTE_MS, SECOND_MS } from '../../core/time.ts'
import type { StoredTrigger, TriggerPause, TriggerStore } from '../store/trigger-store.ts'
import { effectiveCron, isPausedAt, markOf } from './mark.ts'
import { parseSchedule, type Schedule } from './schedule.ts'

/** Ticks of many triggers spread over this much, so that they do not all ask AWS in the same second. */
const MAX_JITTER_MS = 10 * SECOND_MS

/** The longest sleep: a clock that was set, or a suspended machine, is noticed within it. */
const MAX_SLEEP_MS = MINUTE_MS

/** A timer's shortest sleep; one that fires a moment early must not spin. */
const MIN_SLEEP_MS = 20

/**
 * A clock set back by less runs no tick twice: the trigger waits for the clock. Beyond it the clock was wrong before,
 * and a trigger that waited would be silent for hours.
 */
const MAX_WAIT_FOR_CLOCK_MS = 10 * MINUTE_MS

/** A tick whose time has come. */
export interface DueTick {
  readonly tickMs: EpochMs
  /** Ticks before it that went by without a task. */
  readonly missedTicks: number
}

export interface SchedulerOptions {
  readonly triggers: TriggerStore
  /** Called once per tick that is due; the store decides whether the tick is new. */
  readonly onTick: (trigger: StoredTrigger, tick: DueTick) => Promise<void>
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

/** The last tick that is due after a time, or null. */
function dueTick(schedule: Schedule, afterMs: EpochMs, nowMs: EpochMs): DueTick | null {
  const tickMs = schedule.previous(nowMs)
  if (tickMs === null || tickMs <= afterMs) return null
  return { tickMs, missedTicks: schedule.countBetween(afterMs, tickMs, MAX_MISSED_TICKS) }
}

/** Fires triggers on time. Ticks that were missed run once: only the last of them is due. */
class TriggerScheduler implements Scheduler {
  readonly #options: SchedulerOptions
  readonly #now: () => EpochMs
  readonly #setTimer: (action: () => void, delayMs: number) => () => void
  #cancelTimer: (() => void) | undefined
  #isStopped = false
  #lookedAtMs = performance.now()
  #running: Promise<void> = Promise.resolve()

  constructor(options: SchedulerOptions) {
    this.#options = options
    this.#now = options.now ?? Date.now
    this.#setTimer = options.setTimer ?? startTimer
  }

  refresh(): Promise<void> {
    this.#running = this.#running
      .then(() => this.#pass())
      .catch((error: unknown) => {
        this.#complain(error)
        this.#sleep(MAX_SLEEP_MS)
      })
    return this.#running
  }

  silenceMs(): number {
    return performance.now() - this.#lookedAtMs
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    this.#cancelTimer?.()
    await this.#running
  }

  async #pass(): Promise<void> {
    if (this.#isStopped) return
    this.#lookedAtMs = performance.now()
    this.#cancelTimer?.()
    const { triggers } = this.#options
    const nowMs = this.#now()
    const pause = await triggers.pause()
    let earliestMs = pause?.untilMs ?? Infinity
    // One after another: a tick is one small transaction, and two passes must not see the same trigger twice.
    for (const trigger of await triggers.list()) {
      const nextMs = await this.#serve(trigger, pause, nowMs).catch((error: unknown) => this.#complain(error))
      earliestMs = Math.min(earliestMs, nextMs ?? Infinity)
    }
    // Only now: its end is what the triggers count their ticks from.
    if (pause !== null && !isPausedAt(pause, nowMs)) await triggers.expirePause(nowMs)
    this.#sleep(Math.min(MAX_SLEEP_MS, Math.max(MIN_SLEEP_MS, earliestMs - this.#now())))
  }

  /** Fires the trigger if it is due; answers when it is next. */
  async #serve(stored: StoredTrigger, pause: TriggerPause | null, nowMs: EpochMs): Promise<EpochMs | null> {
    const trigger = await this.#settle(stored, pause, nowMs)
    if (!trigger.isEnabled || isPausedAt(pause, nowMs)) return null
    const schedule = scheduleOf(trigger)
    const jitter = jitterMs(trigger.triggerId)
    const afterMs = Math.max(trigger.mark?.sinceMs ?? 0, trigger.lastTickMs ?? 0)
    const due = dueTick(schedule, afterMs, nowMs - jitter)
    if (due !== null) await this.#options.onTick(trigger, due)
    const nextMs = schedule.next(nowMs - jitter)
    return nextMs === null ? null : nextMs + jitter
  }

  /** The trigger as it counts from now on, after a change of it or of the clock. */
  async #settle(stored: StoredTrigger, pause: TriggerPause | null, nowMs: EpochMs): Promise<StoredTrigger> {
    const { triggers } = this.#options
    const { triggerId } = stored
    const isAhead = (stored.lastTickMs ?? 0) > nowMs + MAX_WAIT_FOR_CLOCK_MS
    if (isAhead) await triggers.rewind(triggerId, nowMs)
    const trigger = isAhead ? ((await triggers.get(triggerId)) ?? stored) : stored
    const mark = markOf(trigger, pause, nowMs)
    if (mark !== trigger.mark) await triggers.setMark(triggerId, mark)
    return { ...trigger, mark }
  }

  #sleep(delayMs: number): void {
    if (!this.#isStopped) this.#cancelTimer = this.#setTimer(() => void this.refresh(), delayMs)
  }

  #complain(error: unknown): null {
    this.#options.onProblem(error instanceof Error ? error.message : String(error))
    return null
  }
}

/** A scheduler over the stored triggers; it does nothing before the first `refresh`. */
export function createScheduler(options: SchedulerOptions): Scheduler {
  return new TriggerScheduler(options)
}
