import type { EpochMs } from '../core/time.ts'

/** The clock of the data and of the `Date` header: real time, moved or stopped by the control API. */
export interface Clock {
  nowMs(): EpochMs
  /** Makes the clock read `nowMs` now; a frozen clock stays there. */
  set(nowMs: EpochMs): void
  freeze(): void
  unfreeze(): void
  isFrozen(): boolean
}

/** Creates a clock that reads real time. */
export function createClock(): Clock {
  let offsetMs = 0
  let frozenMs: EpochMs | undefined
  const nowMs = (): EpochMs => frozenMs ?? Date.now() + offsetMs
  return {
    nowMs,
    set(target) {
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
  }
}
