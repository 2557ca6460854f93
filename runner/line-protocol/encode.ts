import type { FieldValue, Point } from '../../core/point.ts'
import { normalisePoint, type WirePoint } from './normalise.ts'
import { escapeMeasurement, escapeName } from './text.ts'

function formatValue(value: FieldValue): string {
  if (typeof value === 'string') return `"${value.replace(/["\\]/g, '\\$&')}"`
  if (typeof value === 'bigint') return `${value}i`
  // The shortest text that reads back as the same double; a whole number without suffix is a float to every reader.
  return String(value)
}

/** Writes a normalised point: `measurement,tag=value field=1 1700000000000000000`, time in nanoseconds. */
export function formatLine(point: WirePoint): string {
  let line = escapeMeasurement(point.measurement)
  for (const [key, value] of point.tags) line += `,${escapeName(key)}=${escapeName(value)}`
  let separator = ' '
  for (const [key, value] of point.fields) {
    line += `${separator}${escapeName(key)}=${formatValue(value)}`
    separator = ','
  }
  // Milliseconds to nanoseconds by digits: 64 bits do not fit in a double, and a bigint costs as much as the rest of the line.
  return point.timeMs === 0 ? `${line} 0` : `${line} ${point.timeMs}000000`
}

/**
 * One line of line protocol without its newline, or undefined when nothing of the point can be written: no finite
 * field of a type that the category takes, or a time outside 64 bits of nanoseconds. What is cleaned, cut or dropped
 * is in normalise.ts. Only the field `message` may hold line breaks; in every other text they become a space.
 */
export function encodeLine(point: Point): string | undefined {
  const wire = normalisePoint(point)
  return wire === undefined ? undefined : formatLine(wire)
}
