import { type EpochMs, HOUR_MS, type Json, type RunContext, type Window } from 'guance-aws-lambda/dff'
import { decodeHour, type Digests, encodeHour, hourOf, type LineDigest } from './digest.ts'
import { isWithin } from './ranges.ts'
import { digestKey, type Place } from './state-keys.ts'

/** Digests of one bucket and hour by fingerprint: what was published, and what was seen to differ from it. */
interface StoredHour {
  readonly published: Record<string, string>
  readonly seen: Record<string, string>
}

export type DigestKind = keyof StoredHour

/** Digests of one bucket for the hours that a slice touches; texts are read identity by identity. */
export class DigestBook {
  readonly #place: Place
  readonly #bucket: number
  readonly #hours = new Map<number, StoredHour>()
  readonly #changed = new Set<number>()
  #stored: readonly number[]

  constructor(place: Place, bucket: number, stored: readonly number[]) {
    this.#place = place
    this.#bucket = bucket
    this.#stored = stored
  }

  /** Whether any hour is stored. */
  isStored(): boolean {
    return this.#stored.length > 0
  }

  /** Loads the hours of a window that are stored. */
  async load(context: RunContext, window: Window): Promise<void> {
    const wanted = this.#stored.filter(
      (hour) => hour >= hourOf(window.startMs) && hour <= hourOf(window.endMs) && !this.#hours.has(hour),
    )
    await Promise.all(
      wanted.map(async (hour) => {
        // Written by `state` alone.
        const stored = await context.load(digestKey(this.#place, this.#bucket, hour))
        if (stored !== undefined) this.#hours.set(hour, stored as unknown as StoredHour)
      }),
    )
  }

  /** Digests of one identity in the loaded hours. */
  read(kind: DigestKind, fingerprint: string): Digests {
    const digests = new Map<EpochMs, LineDigest>()
    for (const [hour, { [kind]: texts }] of this.#hours) decodeHour(hour, texts[fingerprint] ?? '', digests)
    return digests
  }

  /** Adds digests to what was there; those outside of the ranges that are kept would be deleted at once and are left out. */
  add(
    kind: DigestKind,
    fingerprint: string,
    { digests, kept }: { digests: Digests; kept: readonly Window[] },
  ): void {
    const wanted = new Map([...digests].filter(([timeMs]) => isWithin(kept, timeMs)))
    for (const hour of new Set([...wanted.keys()].map(hourOf))) {
      const stored = this.#hours.get(hour) ?? { published: {}, seen: {} }
      const joined = new Map<EpochMs, LineDigest>()
      decodeHour(hour, stored[kind][fingerprint] ?? '', joined)
      for (const [timeMs, digest] of wanted) if (hourOf(timeMs) === hour) joined.set(timeMs, digest)
      stored[kind][fingerprint] = encodeHour(hour, joined)
      this.#hours.set(hour, stored)
      this.#changed.add(hour)
    }
  }

  /** What to commit: changed hours, and the deletion of those that are kept no more. Also the hours stored afterwards. */
  state(kept: readonly Window[]): {
    readonly state: Record<string, Json>
    readonly hours: readonly number[]
  } {
    const isKept = (hour: number): boolean =>
      kept.some(({ startMs, endMs }) => (hour + 1) * HOUR_MS > startMs && hour * HOUR_MS < endMs)
    const state: Record<string, Json> = {}
    const key = (hour: number): string => digestKey(this.#place, this.#bucket, hour)
    for (const hour of this.#changed) {
      // An hour that is kept no more and was written nevertheless would be forgotten there for ever.
      if (isKept(hour)) state[key(hour)] = this.#hours.get(hour) as unknown as Json
    }
    for (const hour of this.#stored) if (!isKept(hour)) state[key(hour)] = null
    const hours = [...new Set([...this.#stored, ...this.#changed])].filter(isKept)
    return { state, hours: hours.toSorted((left, right) => left - right) }
  }
}
