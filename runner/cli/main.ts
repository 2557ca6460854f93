/* eslint-disable unicorn/no-process-exit -- the one place that ends the process */
import { selectTexts } from '../text/texts.ts'
import { createClackPrompter } from './form/prompter.ts'
import { type CliParts, type HostAccess } from './invocation.ts'
import { runCli } from './run.ts'
import { processTerminal } from './terminal.ts'

/** Loaded on first use, because help and usage errors must not pay for SQLite and the AWS SDK. */
const host: HostAccess = {
  openClient: async (home, options) => (await import('../client.ts')).openClient(home, options),
  startHost: async (home, options) => (await import('../host.ts')).startHost(home, options),
  restoreHome: async (home, options) => (await import('../backup/restore.ts')).restoreHome(home, options),
}

function onInterrupt(listener: () => void): () => void {
  process.on('SIGINT', listener)
  process.on('SIGTERM', listener)
  return () => {
    process.off('SIGINT', listener)
    process.off('SIGTERM', listener)
  }
}

/** Ends the process although something may still hold the event loop, once everything written has left. */
function leave(code: number): void {
  process.exitCode = code
  process.stdout.write('', () => process.stderr.write('', () => process.exit()))
}

// Who reads may leave first (`dff exec SET | head`). What is written then is lost, but this process may own the home: a
// task in flight goes on to its end, and the command to its own exit code.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined)

// An older Node's launcher holds an IPC channel: when it is gone, killed for good, this process must not stay behind.
if (process.channel !== undefined && process.channel !== null) {
  process.once('disconnect', () => process.exit(1))
  process.channel.unref()
}

const env = process.env
const parts: CliParts = {
  terminal: processTerminal,
  env,
  texts: selectTexts(env),
  host,
  createPrompter: createClackPrompter,
  onInterrupt,
}
leave(await runCli(process.argv.slice(2), parts))
