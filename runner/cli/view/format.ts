import type { Json } from '../../../core/json.ts'
import { type EpochMs, formatTime, MINUTE_MS, SECOND_MS } from '../../../core/time.ts'
import type { Texts } from '../../text/texts.ts'

export function formatCount(texts: Texts, value: number): string {
  return value.toLocaleString(texts.locale)
}

export function formatWhen(texts: Texts, timeMs: EpochMs | null): string {
  return timeMs === null ? texts.view.none : formatTime(timeMs)
}

/** `840 ms`, `12.3 s`, `3 min 20 s`. */
export function formatDuration(texts: Texts, durationMs: number): string {
  const { ms, sec, min } = texts.view.duration
  if (durationMs < SECOND_MS) return ms(String(Math.round(durationMs)))
  if (durationMs < MINUTE_MS) return sec((durationMs / SECOND_MS).toFixed(1))
  const wholeSec = Math.round(durationMs / SECOND_MS)
  return min(formatCount(texts, Math.floor(wholeSec / 60)), String(wholeSec % 60))
}

/** `metric 1,234 · custom_object 40`, or the text for none. */
export function formatPoints(texts: Texts, points: Readonly<Record<string, number>>): string {
  const parts = Object.entries(points).filter(([, count]) => count > 0)
  if (parts.length === 0) return texts.view.task.noPoints
  return parts.map(([category, count]) => `${category} ${formatCount(texts, count)}`).join(' · ')
}

/** A form value as one would type it: text bare, a list with commas. */
export function formatValue(value: Json): string {
  if (typeof value === 'string') return value
  return isList(value) ? value.map(formatValue).join(',') : JSON.stringify(value)
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value)
}
