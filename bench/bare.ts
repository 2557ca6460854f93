/** What the system itself takes for what the host does: a process until it speaks, a block until it is on the disk. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, fsyncSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'

const BLOCK_BYTES = 4096

/** Milliseconds from a fork to the first message of a process that does nothing else; each of `count`. */
export async function measureForks(folder: string, count: number): Promise<readonly number[]> {
  const script = join(folder, 'bare.cjs')
  writeFileSync(script, "process.send('here', () => process.disconnect())")
  const times: number[] = []
  for (let round = 0; round < count; round += 1) {
    const startedMs = performance.now()
    const child = fork(script, [], { stdio: 'ignore' })
    const exited = once(child, 'exit')
    await once(child, 'message')
    times.push(performance.now() - startedMs)
    await exited
  }
  return times
}

/** Milliseconds of a write of 4 KiB and its fsync; each of `count`. */
export function measureFsyncs(folder: string, count: number): readonly number[] {
  const path = join(folder, 'synced')
  const file = openSync(path, 'w')
  const block = Buffer.alloc(BLOCK_BYTES, 1)
  try {
    return Array.from({ length: count }, () => {
      const startedMs = performance.now()
      writeSync(file, block)
      fsyncSync(file)
      return performance.now() - startedMs
    })
  } finally {
    closeSync(file)
    rmSync(path)
  }
}
