/**
 * Control characters, escape sequences, line separators and direction overrides: a log is read in terminals and on
 * web pages, and what a script prints must neither move the cursor nor turn a line around.
 */
const UNPRINTABLE =
  // oxlint-disable-next-line no-control-regex -- these are what is looked for
  /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/g

function showCode(character: string): string {
  const code = character.charCodeAt(0)
  const digits = code.toString(16)
  return code <= 0xff ? String.raw`\x${digits.padStart(2, '0')}` : String.raw`\u${digits}`
}

/** The text with everything that a terminal would obey written out, e.g. `\x1b[31m`. Tabs stay. */
export function makePrintable(text: string): string {
  return text.replaceAll(UNPRINTABLE, showCode)
}
