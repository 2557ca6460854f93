/** The same text within `maxBytes` of UTF-8, never cutting a character in two; what is cut ends in `mark`. */
export function cutUtf8(text: string, maxBytes: number, mark = ''): string {
  // A UTF-16 unit takes at most three bytes, so most texts need no counting.
  if (text.length * 3 <= maxBytes || Buffer.byteLength(text) <= maxBytes) return text
  const bytes = Buffer.from(text)
  let end = maxBytes - Buffer.byteLength(mark)
  // Continuation bytes look like 10xxxxxx: step back to the start of the character that does not fit.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1
  return bytes.toString('utf8', 0, end) + mark
}

/** Nothing but printable ASCII without `,` `=` `\` and space: no reader can misread it and every unit is one byte. */
const PLAIN = /^[!-+\--<>-[\]-~]*$/
// oxlint-disable-next-line no-control-regex -- control characters are what must go: DataKit's reader refuses them in keys and tag values
const CONTROL = /[\u0000-\u001f\u007f]/g
/** A backslash before one of these, before another or at the end is read differently by different readers. */
const AMBIGUOUS_BACKSLASH = /\\+(?=[\\,= ]|$)/g
const SPECIAL = /[,= ]/g

/** A measurement, key or tag value as it can be written: no control characters, no ambiguous backslash, within its length, or else cut and ended by `mark`. */
export function normaliseName(text: string, maxBytes: number, mark = ''): string {
  if (text.length <= maxBytes && PLAIN.test(text)) return text
  const clean = text.toWellFormed().replace(CONTROL, ' ').replace(AMBIGUOUS_BACKSLASH, '')
  // Again, because a cut can leave a backslash at the end that had a harmless neighbour before.
  return cutUtf8(clean, maxBytes, mark).replace(AMBIGUOUS_BACKSLASH, '')
}

/** Escapes a normalised key or tag value. */
export function escapeName(text: string): string {
  return PLAIN.test(text) ? text : text.replace(SPECIAL, '\\$&')
}

/** Escapes a normalised measurement, where `=` is an ordinary character. */
export function escapeMeasurement(text: string): string {
  return PLAIN.test(text) ? text : text.replace(/[, ]/g, '\\$&')
}
