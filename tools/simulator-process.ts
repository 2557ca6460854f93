import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

/** What `simulator/main.ts --json` says of itself when it is ready. */
export interface SimulatorInfo {
  readonly url: string
  readonly datakitUrl: string
  readonly datawayUrl: string
  readonly datawayToken: string
  readonly regions: readonly string[]
  readonly accounts: readonly {
    readonly accountId: string
    readonly accessKeyId: string
    readonly secretAccessKey: string
  }[]
}

export interface SimulatorProcess {
  readonly info: SimulatorInfo
  /** Keys of the first account. */
  readonly key: SimulatorInfo['accounts'][number]
  readonly stop: () => Promise<void>
}

/** Starts a simulator as a process of its own, from this checkout or from a packed one, and waits until it serves. */
export async function startSimulatorProcess(
  entry: string,
  args: readonly string[],
): Promise<SimulatorProcess> {
  const child = spawn(process.execPath, [entry, '--port', '0', '--json', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  const first = once(createInterface({ input: child.stdout }), 'line') as Promise<[string]>
  const ready = await Promise.race([first, exited.then(() => undefined)])
  if (ready === undefined) throw new Error(`${entry} ended before it served`)
  const info = JSON.parse(ready[0]) as SimulatorInfo
  const [key] = info.accounts
  if (key === undefined) throw new Error('the simulator named no account')
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM')
    await exited
  }
  return { info, key, stop }
}
