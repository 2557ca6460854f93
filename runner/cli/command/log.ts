import type { HostClient, LogLine } from '../../host-api.ts'
import { answer, answerLine, type Invocation, warn, withClient } from '../invocation.ts'
import type { Registry } from '../registry.ts'
import { writeLines } from '../terminal.ts'
import { makeLogFormatter } from '../view/log-view.ts'

async function showLog(invocation: Invocation, client: HostClient, taskId: string): Promise<void> {
  const log = await client.call('log', { taskId, follow: false })
  const { empty, cut } = invocation.texts.view.log
  answer(invocation, log, () => {
    const lines = log.lines.map(makeLogFormatter())
    if (lines.length === 0) return [empty]
    return log.isCut ? [cut, ...lines] : lines
  })
}

/** Prints lines as they come and, at the end, those of the whole log that were not among them. */
async function followLog(invocation: Invocation, client: HostClient, taskId: string): Promise<void> {
  const format = makeLogFormatter()
  let lastSequence = -1
  const show = (line: LogLine): void => {
    if (line.sequence <= lastSequence) return
    lastSequence = line.sequence
    if (invocation.isJson) return answerLine(invocation, { kind: 'log', line })
    return writeLines(invocation.terminal.stdout, [format(line)])
  }
  const { promise: interrupted, resolve } = Promise.withResolvers<undefined>()
  const stop = (): void => resolve(undefined)
  const dispose = invocation.onInterrupt(stop)
  // Nobody reads any more (`| head`), so there is nothing left to wait for.
  invocation.terminal.stdout.once('error', stop)
  const following = client.call('log', { taskId, follow: true }, (event) => {
    if (event.kind === 'log') show(event.line)
  })
  // After an interrupt nobody waits for it, and closing the client rejects it.
  following.catch(() => undefined)
  try {
    const log = await Promise.race([following, interrupted])
    if (log?.isCut === true && !invocation.isJson) warn(invocation, invocation.texts.view.log.cut)
    log?.lines.forEach(show)
  } finally {
    dispose()
  }
}

export function addLogCommand({ program, parts: { texts }, action }: Registry): void {
  const help = texts.help.log
  program
    .command('log')
    .description(help.summary)
    .argument('<id>', texts.help.taskArgument)
    .option('-f, --follow', help.follow)
    .action(
      action(async (invocation, taskId: string, options: { readonly follow?: boolean }) =>
        withClient(invocation, (client) =>
          (options.follow === true ? followLog : showLog)(invocation, client, taskId),
        ),
      ),
    )
}
