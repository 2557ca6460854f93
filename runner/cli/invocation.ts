import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { RestoreResult } from '../backup/backup-row.ts'
import type { RestoreOptions } from '../backup/restore.ts'
import type { HostClient, HostEvent } from '../host-api.ts'
import type { ObserverOptions } from '../observe/observer.ts'
import type { Texts } from '../text/texts.ts'
import type { Prompter } from './form/prompter.ts'
import type { SecretSources } from './form/secret-source.ts'
import { makePrintable, paint, showJson, type Terminal, writeLines } from './terminal.ts'

export type ExitCode = 0 | 1 | 2 | 3

/** The ways into a home: as a client of whoever owns it, as its host, or to put a backup in its place. */
export interface HostAccess {
  openClient(
    home: string,
    options: { readonly command: string; readonly onWarning: (text: string) => void },
  ): Promise<HostClient>
  startHost(
    home: string,
    options: ObserverOptions & {
      readonly signal: AbortSignal
      readonly onEvent: (event: HostEvent) => void
    },
  ): Promise<unknown>
  restoreHome(home: string, options: RestoreOptions): Promise<RestoreResult>
}

/** Everything outside that the command line touches; `main.ts` gives the real ones. */
export interface CliParts {
  readonly terminal: Terminal
  readonly env: NodeJS.ProcessEnv
  readonly texts: Texts
  readonly host: HostAccess
  readonly createPrompter: (texts: Texts) => Promise<Prompter>
  /** Calls back at SIGINT and SIGTERM until the returned function is called. */
  readonly onInterrupt: (listener: () => void) => () => void
}

/** One command as it was called. */
export interface Invocation extends CliParts {
  /** `trigger list` */
  readonly name: string
  readonly home: string
  readonly isJson: boolean
}

interface GlobalOptions {
  readonly home?: string
  readonly json?: boolean
}

function nameOf(command: Command): string {
  const names: string[] = []
  for (let at: Command | null = command; at?.parent; at = at.parent) names.unshift(at.name())
  return names.join(' ')
}

export function makeInvocation(parts: CliParts, command: Command): Invocation {
  const options = command.optsWithGlobals<GlobalOptions>()
  const home = resolve(options.home ?? (parts.env['DFF_HOME'] || '.'))
  return { ...parts, name: nameOf(command), home, isJson: options.json === true }
}

/** Opens the home's host for one command and closes it whatever happens. */
export async function withClient<T>(
  invocation: Invocation,
  body: (client: HostClient) => Promise<T>,
): Promise<T> {
  const client = await invocation.host.openClient(invocation.home, {
    command: `dff ${invocation.name}`,
    onWarning: (text) => warn(invocation, text),
  })
  try {
    return await body(client)
  } finally {
    await client.close()
  }
}

/** The answer of a command: its document with `--json`, else its lines. */
export function answer(invocation: Invocation, document: unknown, lines: () => readonly string[]): void {
  const { terminal, isJson } = invocation
  // Names and texts come from others; a line that was made printable already stays as it is.
  writeLines(terminal.stdout, isJson ? [showJson(document, 2)] : lines().map(makePrintable))
}

/** One line of NDJSON. */
export function answerLine({ terminal }: Invocation, document: unknown): void {
  writeLines(terminal.stdout, [showJson(document)])
}

/** A sentence beside the answer, on stderr. */
export function warn({ terminal }: Invocation, sentence: string): void {
  writeLines(terminal.stderr, [paint(terminal.stderr, 'yellow', makePrintable(sentence))])
}

/** What is going on, shown only to who is watching. */
export function showProgress({ terminal, isJson }: Invocation, sentence: string): void {
  if (terminal.stderr.isTTY === true && !isJson) {
    writeLines(terminal.stderr, [paint(terminal.stderr, 'dim', makePrintable(sentence))])
  }
}

/** True where questions can be asked and answered. */
export function isInteractive({ terminal, isJson }: Invocation): boolean {
  return terminal.stdin.isTTY === true && terminal.stderr.isTTY === true && !isJson
}

export function makeSources(invocation: Invocation): SecretSources {
  return {
    texts: invocation.texts,
    env: invocation.env,
    stdin: invocation.terminal.stdin,
    warn: (sentence) => warn(invocation, sentence),
    isStdinTaken: false,
  }
}
