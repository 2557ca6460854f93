import { styleText } from 'node:util'

type Style = Parameters<typeof styleText>[0]

/** The streams of a command line. A parameter, so that tests can look at what each of them received. */
export interface Terminal {
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean }
  readonly stdout: NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number }
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number }
}

export const processTerminal: Terminal = {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
}

export function writeLines(stream: NodeJS.WritableStream, lines: readonly string[]): void {
  if (lines.length > 0) stream.write(`${lines.join('\n')}\n`)
}

/** Coloured only where the stream shows colours; NO_COLOR and FORCE_COLOR are honoured by Node. */
export function paint(stream: NodeJS.WritableStream, style: Style, text: string): string {
  return styleText(style, text, { stream })
}

// eslint-disable-next-line no-control-regex -- finding control characters is the point
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g

/** Controls beyond ASCII, direction overrides and line separators; JSON.stringify escapes only what is below a space. */
const UNESCAPED = /[\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g

/** Names and log lines come from others: an escape sequence in them must not drive the user's terminal. */
export function makePrintable(text: string): string {
  return text.replace(CONTROL, (char) => `\\x${(char.codePointAt(0) ?? 0).toString(16).padStart(2, '0')}`)
}

/** JSON on one line, or indented; what JSON leaves as it is and a terminal would obey is escaped, which says the same. */
export function showJson(document: unknown, indent = 0): string {
  const text = JSON.stringify(document, null, indent) ?? 'null'
  return text.replace(UNESCAPED, (char) => `\\u${(char.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`)
}

/** An error as one paragraph on stderr, whatever line ends its text carries. */
export function writeError(terminal: Terminal, message: string): void {
  const label = paint(terminal.stderr, 'red', 'error')
  writeLines(terminal.stderr, [`${label} ${makePrintable(message).replaceAll('\n', ' ')}`])
}
