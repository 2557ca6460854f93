import { formatTime } from '../../../core/time.ts'
import type { HostEvent } from '../../host-api.ts'
import type { ObserverOptions } from '../../observe/observer.ts'
import { parsePort } from '../argument.ts'
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

interface StartOptions {
  readonly metricsPort?: string
  readonly metricsHost?: string
  readonly ownPoints?: boolean
}

const DEFAULT_METRICS_HOST = '127.0.0.1'

function parseObserver(
  { texts }: Invocation,
  { metricsPort, metricsHost, ownPoints }: StartOptions,
): ObserverOptions {
  const own = { ownPoints: ownPoints === true }
  if (metricsPort === undefined && metricsHost === undefined) return own
  // An address alone says that the page is wanted, but not where a scraper is to look.
  const port = parsePort(texts, metricsPort ?? '', '--metrics-port')
  return { ...own, metrics: { host: metricsHost ?? DEFAULT_METRICS_HOST, port } }
}

async function start(invocation: Invocation, options: StartOptions): Promise<void> {
  const observer = parseObserver(invocation, options)
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
      ...observer,
      signal: controller.signal,
      onEvent: (event) => showEvent(invocation, event),
    })
  } finally {
    dispose()
  }
  if (!invocation.isJson) writeLines(invocation.terminal.stdout, [stopped])
}

export function addStartCommand({ program, parts: { texts }, action }: Registry): void {
  const { summary, metricsPort, metricsHost, ownPoints, after } = texts.help.start
  program
    .command('start')
    .description(summary)
    .option('--metrics-port <port>', metricsPort)
    .option('--metrics-host <address>', metricsHost)
    .option('--own-points', ownPoints)
    .addHelpText('after', `\n${after}`)
    .action(action(start))
}
