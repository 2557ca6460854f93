import { exitCodeOf, isErrorCode } from '../../../core/error.ts'
import type { ExecResult, HostClient, HostEvent } from '../../host-api.ts'
import { parseBackfill, parseTime } from '../argument.ts'
import { answerLine, type ExitCode, type Invocation, showProgress, withClient } from '../invocation.ts'
import type { Registry } from '../registry.ts'
import { writeError, writeLines } from '../terminal.ts'
import { makeLogFormatter } from '../view/log-view.ts'
import { formatCount } from '../view/format.ts'
import { renderOutcome } from '../view/task-view.ts'

interface ExecOptions {
  readonly at?: string
  readonly backfill?: string
  readonly debug?: boolean
}

/** How long an interrupted command waits for the host to say who it is: a person is waiting for the prompt. */
const STATUS_WAIT_MS = 2_000

function makeListener(invocation: Invocation, onTask: (taskId: string) => void): (event: HostEvent) => void {
  const format = makeLogFormatter()
  return (event) => {
    if (event.kind === 'log') onTask(event.line.taskId)
    if (invocation.isJson) return answerLine(invocation, event)
    if (event.kind === 'log') return writeLines(invocation.terminal.stdout, [format(event.line)])
    return showProgress(invocation, event.text)
  }
}

/** Resolves when the user interrupts; `dispose` gives Ctrl-C back. */
function makeInterrupt({ onInterrupt }: Invocation): {
  interrupted: Promise<undefined>
  dispose: () => void
} {
  const { promise, resolve } = Promise.withResolvers<undefined>()
  return { interrupted: promise, dispose: onInterrupt(() => resolve(undefined)) }
}

async function findOwner(client: HostClient): Promise<number | undefined> {
  const timeout = new Promise<undefined>((resolve) => {
    AbortSignal.timeout(STATUS_WAIT_MS).addEventListener('abort', () => resolve(undefined), { once: true })
  })
  const asked = client.call('status', {}).then(
    (status) => status.pid,
    () => undefined,
  )
  return Promise.race([asked, timeout])
}

/** Says what an interrupt meant: the task ends with this process when it owns the home, and goes on elsewhere. */
async function reportInterrupt(
  invocation: Invocation,
  client: HostClient,
  taskId: string | undefined,
): Promise<void> {
  const { aborted, goesOn, unknownOwner } = invocation.texts.view.exec
  const pid = await findOwner(client)
  const isOwner = pid === process.pid
  const sentence = isOwner ? aborted : pid === undefined ? unknownOwner : goesOn(pid, taskId)
  writeLines(invocation.terminal.stderr, [sentence])
  if (invocation.isJson) answerLine(invocation, { kind: 'interrupted', taskId: taskId ?? null, isOwner })
}

/** What was collected is safe and will be delivered, but it is not there yet, and the sink has said why. */
function isUndelivered({ backlog, deliveryError }: ExecResult): boolean {
  return backlog.waitingBatches > 0 && deliveryError !== null
}

/** By what went wrong, as for any command: a broken script is 2, missing credentials or an unreachable sink 3, the rest 1. */
function exitCodeOfResult(result: ExecResult): ExitCode {
  const { status, exceptionType } = result.record
  if (status === 'success') return isUndelivered(result) ? exitCodeOf('SINK_DOWN') : 0
  return isErrorCode(exceptionType) ? exitCodeOf(exceptionType) : 1
}

function report(invocation: Invocation, result: ExecResult): void {
  const { texts, terminal } = invocation
  if (invocation.isJson) return answerLine(invocation, { kind: 'result', ...result })
  writeLines(terminal.stdout, ['', ...renderOutcome(texts, result)])
  const { record, backlog, deliveryError } = result
  if (record.exceptionText !== null) writeError(terminal, record.exceptionText)
  if (!isUndelivered(result)) return
  const waiting = formatCount(texts, backlog.waitingPoints)
  writeError(terminal, texts.view.exec.undelivered(record.connector, waiting, deliveryError ?? ''))
}

async function execute(invocation: Invocation, target: string, options: ExecOptions): Promise<ExitCode> {
  const atMs = options.at === undefined ? null : parseTime(invocation.texts, options.at, '--at')
  const backfill =
    options.backfill === undefined ? {} : { backfill: parseBackfill(invocation.texts, options.backfill) }
  return withClient(invocation, async (client) => {
    let taskId: string | undefined
    const listen = makeListener(invocation, (seen) => {
      taskId = seen
    })
    const { interrupted, dispose } = makeInterrupt(invocation)
    const running = client.call('exec', { target, atMs, ...backfill, debug: options.debug === true }, listen)
    // After an interrupt nobody waits for it, and closing the client rejects it.
    running.catch(() => undefined)
    try {
      const result = await Promise.race([running, interrupted])
      if (result === undefined) {
        await reportInterrupt(invocation, client, taskId)
        return 1
      }
      report(invocation, result)
      return exitCodeOfResult(result)
    } finally {
      dispose()
    }
  })
}

export function addExecCommand({ program, parts: { texts }, action }: Registry): void {
  const help = texts.help.exec
  program
    .command('exec')
    .description(help.summary)
    .argument('<target>', texts.help.targetArgument)
    .option('--at <time>', help.at)
    .option('--backfill <from..to>', help.backfill)
    .option('--debug', help.debug)
    .action(action(execute))
}
