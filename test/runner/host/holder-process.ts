import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { type Ground, until } from './fixture.ts'

/** A host in another process, and what it printed. */
export interface Holder {
  readonly child: ChildProcess
  readonly pid: number
  readonly home: string
  output(): string
  /** Sends a signal and resolves when the process is gone. */
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>
}

/** Starts a process that owns the home; resolves once it does. */
export async function hold(ground: Ground, mode: 'start' | 'command'): Promise<Holder> {
  const script = fileURLToPath(new URL('holder.ts', import.meta.url))
  const child = spawn(process.execPath, [script, mode, ground.home, ground.marketRoot])
  let output = ''
  const read = (bytes: Buffer): void => {
    output += bytes.toString('utf8')
  }
  child.stdout.on('data', read)
  child.stderr.on('data', read)
  const gone = new Promise<void>((resolve) => void child.once('close', () => resolve()))
  await until('the holder runs', () => {
    if (child.exitCode !== null) throw new Error(`the holder ended: ${output}`)
    return output.includes('runs')
  })
  return {
    child,
    pid: child.pid ?? -1,
    home: ground.home,
    output: () => output,
    end: async (signal) => {
      child.kill(signal)
      await gone
    },
  }
}
