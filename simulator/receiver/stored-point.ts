import type { EpochMs } from '../../core/time.ts'

/** A field as it arrived; bigint is an integer. */
export type StoredValue = number | bigint | string | boolean

/** A point that passed the category rules, before and after it is stored. */
export interface ReceivedPoint {
  readonly category: string
  readonly measurement: string
  readonly tags: Readonly<Record<string, string>>
  readonly fields: Readonly<Record<string, StoredValue>>
  readonly timeNs: bigint
}

/** One value of a field, and when it arrived by the simulator's clock. */
export interface Write {
  readonly value: StoredValue
  readonly atMs: EpochMs
}

/** What the receiver holds for one key. */
export interface StoredPoint extends ReceivedPoint {
  /** How often a point with this key was written. */
  readonly writes: number
  /** How many of those changed the value of a field that was there. */
  readonly rewrites: number
  /** Every value of the fields that came with different ones, in the order of their arrival. */
  readonly published?: Readonly<Record<string, readonly Write[]>>
}
