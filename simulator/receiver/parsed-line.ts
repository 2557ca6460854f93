/** One line as it was written: order and repetitions kept, escapes removed, no rule of a category applied. */
export interface ParsedLine {
  readonly measurement: string
  readonly tags: readonly (readonly [key: string, value: string])[]
  readonly fields: readonly (readonly [key: string, value: number | bigint | string | boolean])[]
  /** In the unit of the request's `precision`; null when the line has none. */
  readonly time: bigint | null
}
