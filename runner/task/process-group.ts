import { readFileSync } from 'node:fs'

/** Megabytes of memory that a process holds; undefined where the system does not tell (only Linux does). */
export function readResidentMb(pid: number): number | undefined {
  try {
    const match = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
    return match === null ? undefined : Number(match[1]) / 1024
  } catch {
    return undefined
  }
}

/** Signals a task's whole process group; one that has ended already is no error. */
export function signalGroup(pid: number, signal: 'SIGTERM' | 'SIGKILL'): void {
  try {
    // Windows knows no process groups.
    process.kill(process.platform === 'win32' ? pid : -pid, signal)
  } catch {
    // ESRCH: nothing of it is left.
  }
}
