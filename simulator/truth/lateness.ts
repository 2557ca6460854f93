import { type EpochMs, HOUR_MS, MINUTE_MS, SECOND_MS } from '../../core/time.ts'
import { hashText, mixSeed } from './random.ts'

/** How late CloudWatch shows what Lambda measured. */
export interface LateOptions {
  /** From an invocation's end (or a request's arrival, for what is known then) to its datapoint, evenly between the two. */
  readonly minDelaySec: number
  readonly maxDelaySec: number
  /** Share of the minutes of a lambda that come hours later than that, 0…1. */
  readonly lateShare: number
  readonly minLateHours: number
  readonly maxLateHours: number
}

/** 20 to 150 s is what observers of Lambda metrics report; the hours are rare and real, and nobody documents them. */
export const DEFAULT_LATE: LateOptions = {
  minDelaySec: 20,
  maxDelaySec: 150,
  lateShare: 0.001,
  minLateHours: 1,
  maxLateHours: 6,
}

/** A minute that comes hours late: whole, or every other sample of it, so that both an absent and a low value occur. */
export interface Straggling {
  readonly lateMs: number
  readonly isWhole: boolean
}

/** Decides when samples show. Pure: the same seed, minute and metric give the same delays. */
export interface Lateness {
  delayMs(seed: number, minuteMs: EpochMs, metric: string): number
  /** Undefined for all but a few minutes. */
  straggling(seed: number, minuteMs: EpochMs): Straggling | undefined
}

const TO_UNIT = 2 ** -32
const HOURS_SALT = 17
const SHARE_SALT = 19

function between(seed: number, least: number, most: number): number {
  return least + Math.floor(seed * TO_UNIT * (most - least))
}

/** Creates the delays of these options. */
export function createLateness(options: LateOptions): Lateness {
  const hashes = new Map<string, number>()
  const hashOf = (metric: string): number => {
    const hash = hashes.get(metric) ?? hashText(metric)
    hashes.set(metric, hash)
    return hash
  }
  const { minDelaySec, maxDelaySec, lateShare, minLateHours, maxLateHours } = options
  return {
    delayMs(seed, minuteMs, metric) {
      const drawn = mixSeed(seed ^ hashOf(metric), minuteMs / MINUTE_MS)
      return between(drawn, minDelaySec * SECOND_MS, maxDelaySec * SECOND_MS)
    },
    straggling(seed, minuteMs) {
      const drawn = mixSeed(mixSeed(seed, SHARE_SALT), minuteMs / MINUTE_MS)
      if (drawn * TO_UNIT >= lateShare) return undefined
      const hours = mixSeed(drawn, HOURS_SALT)
      const lateMs = between(hours, minLateHours * HOUR_MS, maxLateHours * HOUR_MS)
      return { lateMs, isWhole: hours % 2 === 0 }
    },
  }
}
