/** A process of its own that holds a home, for tests that kill it: `node holder.ts start|command HOME MARKET`. */
import { openClient } from '../../../runner/client.ts'
import { startHost } from '../../../runner/host.ts'

const [mode, home = '', marketRoot = ''] = process.argv.slice(2)
const controller = new AbortController()
process.on('SIGTERM', () => controller.abort())

if (mode === 'start') {
  await startHost(home, {
    signal: controller.signal,
    marketRoot,
    onEvent: (event) => event.kind === 'note' && console.log(event.text),
  })
  console.log('stopped')
} else {
  const client = await openClient(home, { command: 'dff exec demo_set', marketRoot })
  console.log('runs')
  const keepAlive = setInterval(() => undefined, 60_000)
  controller.signal.addEventListener('abort', () => {
    clearInterval(keepAlive)
    void client.close().then(() => console.log('stopped'))
  })
}
