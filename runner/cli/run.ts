import { inspect } from 'node:util'
import { CommanderError } from 'commander'
import { coerceError, DffError, exitCodeOf } from '../../core/error.ts'
import { hideShapes } from '../../core/secret-shape.ts'
import type { CliParts, ExitCode } from './invocation.ts'
import { buildProgram } from './program.ts'
import { showJson, writeError, writeLines } from './terminal.ts'

/** commander ends a help or version request with an error of one of these codes. */
const HELP_CODES = new Set(['commander.helpDisplayed', 'commander.version'])

/** A command group called without a command: commander has shown its help on stderr already. */
const SHOWED_HELP = 'commander.help'

/** The words before the first option: which command it was about, for an error that came before any command ran. */
function commandWords(argv: readonly string[], known: ReadonlySet<string>): string {
  const words = argv.filter((word) => !word.startsWith('-'))
  const end = words.findIndex((word) => !known.has(word))
  return ['dff', ...words.slice(0, end === -1 ? words.length : end)].join(' ')
}

function toUsageError(error: CommanderError, command: string, { texts }: CliParts): DffError {
  const got = error.message
    .replace(/^error: /, '')
    .replaceAll('\n', ' ')
    .replace(/\.$/, '')
  const { expected, remedy } = texts.view.usage
  return new DffError({ code: 'BAD_USAGE', place: command, expected, got, remedy: remedy(command) })
}

function report(error: DffError, argv: readonly string[], { terminal, env }: CliParts): ExitCode {
  // What a user typed or a library said may hold a token that nobody has learnt of.
  writeError(terminal, hideShapes(error.message))
  if (env['DFF_DEBUG']) writeLines(terminal.stderr, [hideShapes(inspect(error))])
  if (argv.includes('--json')) writeLines(terminal.stdout, [hideShapes(showJson({ error }))])
  return exitCodeOf(error.code)
}

/** Runs one command line (without `node` and script) and resolves with its exit code; reports every error itself. */
export async function runCli(argv: readonly string[], parts: CliParts): Promise<ExitCode> {
  let exitCode: ExitCode = 0
  const program = buildProgram(parts, (code) => {
    exitCode = code
  })
  const known = new Set(
    program.commands.flatMap((command) => [command.name(), ...command.commands.map((inner) => inner.name())]),
  )
  try {
    await program.parseAsync([...argv], { from: 'user' })
    return exitCode
  } catch (thrown) {
    const command = commandWords(argv, known)
    if (!(thrown instanceof CommanderError)) return report(coerceError(thrown, command), argv, parts)
    if (HELP_CODES.has(thrown.code)) return 0
    const error = toUsageError(thrown, command, parts)
    if (thrown.code === SHOWED_HELP && !argv.includes('--json')) return exitCodeOf(error.code)
    return report(error, argv, parts)
  }
}
