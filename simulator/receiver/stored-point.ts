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

/** What the receiver holds for one key. */
export interface StoredPoint extends ReceivedPoint {
  /** How often a point with this key was written. */
  readonly writes: number
  /** How many of those changed the value of a field that was there. */
  readonly rewrites: number
}
