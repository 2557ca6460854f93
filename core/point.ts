import type { EpochMs } from './time.ts'

/** Path segment of `/v1/write/<category>`, spelt as DataKit and DataWay spell it. */
export const CATEGORIES = ['metric', 'custom_object', 'logging', 'keyevent', 'object_change'] as const
export type Category = (typeof CATEGORIES)[number]

/** number → float, bigint → integer (`42i`), so that the type of a field never depends on its value. */
export type FieldValue = number | bigint | string | boolean

/** One measurement at one time: what a script hands over and what the sink finally holds. */
export interface Point {
  readonly category: Category
  readonly measurement: string
  readonly tags: Readonly<Record<string, string>>
  readonly fields: Readonly<Record<string, FieldValue>>
  readonly timeMs: EpochMs
}
