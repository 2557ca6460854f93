import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { measureForks, measureFsyncs, percentile } from './bare.ts'
import { measureOutbox } from './host-outbox.ts'
import { measureTasks } from './host-tasks.ts'
import type { BenchResult } from './report.ts'

const FORKS = 40
const FSYNCS = 200

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/** Tasks, commits and delivery of a host, beside what a bare fork and a bare fsync take on the same machine. */
export async function measureHost(): Promise<BenchResult> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-host-'))
  try {
    const forkMs = percentile(await measureForks(folder, FORKS), 0.5)
    const fsyncMs = mean(measureFsyncs(folder, FSYNCS))
    const { startLatenciesMs, tasksPerSecond } = await measureTasks(folder)
    const { commitMs, commitRowsPerSecond, senderPointsPerSecond } = await measureOutbox(folder)
    const startMs = percentile(startLatenciesMs, 0.5)
    return {
      name: 'host',
      figures: {
        tasksPerSecond,
        startLatencyP50Ms: startMs,
        startLatencyP95Ms: percentile(startLatenciesMs, 0.95),
        forkToBare: startMs / forkMs,
        commitRowsPerSecond: Math.round(commitRowsPerSecond),
        commitToFsync: commitMs / fsyncMs,
        senderPointsPerSecond: Math.round(senderPointsPerSecond),
      },
      notes: [
        'a task commits one point and returns; tasks a second are of four functions at once, latencies of one after another',
        'start latency: from Execute to the first line of the script in its own process',
        `a bare fork until its first message takes ${forkMs.toFixed(1)} ms (p50 of ${FORKS}); forkToBare is the start latency beside it`,
        `a commit of one batch and 64 keys of state takes ${commitMs.toFixed(2)} ms at synchronous=FULL, a bare write of 4 KiB with fsync ${fsyncMs.toFixed(2)} ms (mean of ${FSYNCS})`,
        'sender: full batches of 2,000 points to a loopback sink that takes them at once',
      ],
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
