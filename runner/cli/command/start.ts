import { formatTime } from '../../../core/time.ts'
import type { HostEvent } from '../../host-api.ts'
import { answerLine, type Invocation, warn } from '../invocation.ts'
import type { Registry } from '../registry.ts'
import { makePrintable, writeLines } from '../terminal.ts'

function showEvent(invocation: Invocation, event: HostEvent): void {
  const timeMs = Date.now()
  // The logs of all tasks would bury what the host does; each is in its task record.
  if (event.kind === 'log') return
  if (invocation.isJson) return answerLine(invocation, { ...event, timeMs })
  return writeLines(invocation.terminal.stdout, [`${formatTime(timeMs)}  ${makePrintable(event.text)}`])
}

async function start(invocation: Invocation): Promise<void> {
  const { stopping, stopped } = invocation.texts.view.start
  const controller = new AbortController()
  const dispose = invocation.onInterrupt(() => {
    // A second signal during the drain means now: the default action of the signal ends the process.
    dispose()
    warn(invocation, stopping)
    controller.abort()
  })
  try {
    await invocation.host.startHost(invocation.home, {
      signal: controller.signal,
      onEvent: (event) => showEvent(invocation, event),
    })
  } finally {
    dispose()
  }
  if (!invocation.isJson) writeLines(invocation.terminal.stdout, [stopped])
}

export function addStartCommand({ program, parts: { texts }, action }: Registry): void {
  program.command('start').description(texts.help.start.summary).action(action(start))
}
