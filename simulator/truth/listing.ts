import { DAY_MS, type EpochMs, HOUR_MS, MINUTE_MS } from '../../core/time.ts'
import { invocationRate } from './activity.ts'
import type { Fleet } from './fleet.ts'
import type { Lambda } from './lambda.ts'
import { hashText, mixSeed } from './random.ts'
import { type Series, seriesKey } from './series.ts'
import type { Truth } from './truth.ts'

/** Which series ListMetrics lists at a time. */
export interface Listing {
  /** Whether listing follows AWS's rules; off, every series is listed always. */
  isOn: boolean
  isListed(series: Series, nowMs: EpochMs): boolean
  /** For `RecentlyActive=PT3H`: on the inclusive side. */
  isRecent(series: Series, nowMs: EpochMs): boolean
}

/** A new series appears up to this long after its first datapoint, and vanishes after two weeks without one. */
const MAX_DELAY_MS = 15 * MINUTE_MS
const FORGET_MS = 14 * DAY_MS
/** RecentlyActive looks back three hours and up to fifty minutes more. */
const RECENT_MS = 3 * HOUR_MS
const RECENT_SLACK_MS = 50 * MINUTE_MS

/** What is seen now was stamped at most this long ago: the latest data come hours late. */
const LOOK_BACK_MS = DAY_MS

/** Where a search for activity ended: nothing newer is seen at `asOfMs` than what was seen at `activeMs`. */
interface Memo {
  asOfMs: EpochMs
  activeMs: EpochMs
}

const NEVER: EpochMs = Number.NEGATIVE_INFINITY

class RuledListing implements Listing {
  isOn: boolean
  readonly #truth: Truth
  /** By lambda, below 0 for the lagging search: the clock mostly goes forward, so that each search goes back only to the one before. */
  readonly #memos = new Map<number, Memo>()
  /** The fleet that the memos are of; a change makes another. */
  #fleet: Fleet

  constructor(truth: Truth, isOn: boolean) {
    this.#truth = truth
    this.#fleet = truth.fleet
    this.isOn = isOn
  }

  isListed(series: Series, nowMs: EpochMs): boolean {
    if (!this.isOn) return true
    return this.#lambdasOf(series).some((lambda) => this.#isListedOf(lambda, series, nowMs))
  }

  isRecent(series: Series, nowMs: EpochMs): boolean {
    if (!this.isOn) return true
    const slackMs = mixSeed(hashText(series.metric), Math.floor(nowMs / HOUR_MS)) % RECENT_SLACK_MS
    return this.#lambdasOf(series).some(
      (lambda) => this.#lastActiveMs(lambda, nowMs, 0) > nowMs - RECENT_MS - slackMs,
    )
  }

  #lambdasOf({ scope }: Series): readonly Lambda[] {
    if (scope.kind !== 'region') return [scope.lambda]
    return this.#truth.fleet.lambdas(scope.accountId, scope.region).filter((lambda) => lambda.isActive)
  }

  /** All series of a lambda begin with its first activity, each appears after a delay of its own. */
  #isListedOf(lambda: Lambda, series: Series, nowMs: EpochMs): boolean {
    if (this.#lastActiveMs(lambda, nowMs, MAX_DELAY_MS) > nowMs - FORGET_MS) return true
    const seed = hashText(seriesKey(series.metric, series.dimensions))
    const sinceMs = nowMs - (mixSeed(lambda.seed, seed) % MAX_DELAY_MS)
    return this.#search(lambda, sinceMs, nowMs - LOOK_BACK_MS) > NEVER
  }

  /** When the newest datapoint was stamped that was seen `lagMs` ago; NEVER when there is none within two weeks. */
  #lastActiveMs(lambda: Lambda, nowMs: EpochMs, lagMs: number): EpochMs {
    if (this.#truth.fleet !== this.#fleet) this.#memos.clear()
    this.#fleet = this.#truth.fleet
    const atMs = nowMs - lagMs
    const key = lagMs === 0 ? lambda.id : -1 - lambda.id
    const memo = this.#memos.get(key)
    const isUsable = memo !== undefined && memo.asOfMs <= atMs
    const floorMs = isUsable ? memo.asOfMs - LOOK_BACK_MS : NEVER
    const found = this.#search(lambda, atMs, Math.max(floorMs, atMs - FORGET_MS))
    const activeMs = found === NEVER && isUsable ? memo.activeMs : found
    this.#memos.set(key, { asOfMs: atMs, activeMs })
    return activeMs
  }

  #search(lambda: Lambda, atMs: EpochMs, floorMs: EpochMs): EpochMs {
    const lastMs = Math.floor(atMs / MINUTE_MS) * MINUTE_MS
    for (let minuteMs = lastMs; minuteMs > floorMs - MINUTE_MS; minuteMs -= MINUTE_MS) {
      if (invocationRate(lambda, minuteMs) === 0) continue
      const seenMs = this.#truth.seenFromMs(lambda, minuteMs)
      if (seenMs !== undefined && seenMs <= atMs) return minuteMs
    }
    return NEVER
  }
}

/** Creates the listing of a truth. */
export function createListing(truth: Truth, isOn: boolean): Listing {
  return new RuledListing(truth, isOn)
}
