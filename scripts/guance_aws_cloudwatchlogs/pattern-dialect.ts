/** White space of JavaScript, as ranges of RE2, whose own `\s` leaves out all that is not ASCII, such as U+3000. A range comes last, so that a hyphen behind it begins none. */
const SPACES = String.raw` \x{A0}\x{1680}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000}\x{FEFF}\x{2000}-\x{200A}\t-\r`

/** All the rest. */
const OTHERS = [
  String.raw`\x00-\x08\x0E-\x1F!-\x{9F}\x{A1}-\x{167F}\x{1681}-\x{1FFF}\x{200B}-\x{2027}\x{202A}-\x{202E}`,
  String.raw`\x{2030}-\x{205E}\x{2060}-\x{2FFF}\x{3001}-\x{FEFE}\x{FF00}-\x{10FFFF}`,
].join('')

/** What a pattern consists of: quoted text of RE2, escapes, the beginnings and ends of classes, and other characters. */
const PARTS = new RegExp(
  [
    String.raw`\\Q[^]*?(?:\\E|$)`,
    String.raw`\\u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}`,
    String.raw`\\[pP]\{[^}]*\}`,
    String.raw`\\u[\da-fA-F]{4}|\\u\{[\da-fA-F]+\}|\\[^]`,
    String.raw`\[:\^?\w+:\]|\[\^?\]|[^]`,
  ].join('|'),
  'g',
)

const SCRIPT = /^(\\[pP]\{)(?:Script|sc|General_Category|gc)=(\w+\})$/

const HALF = /^\\u(?:[dD][89a-fA-F][\da-fA-F]{2}|\{0*[dD][89a-fA-F][\da-fA-F]{2}\})$/

/** What stands for a part that JavaScript and RE2 mean differently; the part itself where there is no difference. */
function translatePart(part: string, isInClass: boolean): string {
  if (part === String.raw`\s`) return isInClass ? SPACES : `[${SPACES}]`
  if (part === String.raw`\S`) return isInClass ? OTHERS : `[^${SPACES}]`
  if (part === String.raw`\b` && isInClass) return String.raw`\x08`
  if (part.length === 12 && /^\\u[dD]/.test(part)) {
    const units = [part.slice(2, 6), part.slice(8)].map((digits) => Number.parseInt(digits, 16))
    return `\\x{${String.fromCharCode(...units)
      .codePointAt(0)
      ?.toString(16)}}`
  }
  const [, head, value] = SCRIPT.exec(part) ?? []
  return head === undefined || value === undefined ? part : head + value
}

/** Half of a character in the pattern, by which RE2 never finds the whole one; undefined where there is none. */
export function halfCharacter(source: string): string | undefined {
  return source.match(PARTS)?.find((part) => HALF.test(part))
}

/** A pattern of JavaScript for RE2JS: white space, backspace in classes, scripts, and characters written as two halves. */
export function translateDialect(source: string): string {
  let isInClass = false
  return source.replaceAll(PARTS, (part) => {
    const translated = translatePart(part, isInClass)
    if (part === '[' && !isInClass) isInClass = true
    // The bracket before the end of a class begins no other: `[[]` is the character `[`.
    else if (part === ']' || (isInClass && /^\[\^?\]$/.test(part))) isInClass = false
    return translated
  })
}
