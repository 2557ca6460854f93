import type { EpochMs } from '../core/time.ts'

/** The clock of the data and of the `Date` header: real time, moved or stopped by the control API. */
export interface Clock {
  nowMs(): EpochMs
  /** Makes the clock read `nowMs` now; a frozen clock stays there. */
  set(nowMs: EpochMs): void
  freeze(): void
  unfreeze(): void
  isFrozen(): boolean
  /** The earliest reading from which the clock was moved; now when it never was. */
  sinceMs(): EpochMs
}

/** Creates a clock that reads real time, or one that stands still at an instant. */
export function createClock(frozenAtMs?: EpochMs): Clock {
  let offsetMs = 0
  let frozenMs = frozenAtMs
  let sinceMs = Number.POSITIVE_INFINITY
  const nowMs = (): EpochMs => frozenMs ?? Date.now() + offsetMs
  return {
    nowMs,
    set(target) {
      sinceMs = Math.min(sinceMs, nowMs())
      if (frozenMs === undefined) offsetMs = target - Date.now()
      else frozenMs = target
    },
    freeze() {
      frozenMs = nowMs()
    },
    unfreeze() {
      offsetMs = nowMs() - Date.now()
      frozenMs = undefined
    },
    isFrozen: () => frozenMs !== undefined,
    sinceMs: () => Math.min(sinceMs, nowMs()),
  }
}
