import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { measureForks, measureFsyncs } from './bare.ts'
import { measureOutbox } from './host-outbox.ts'
import { measureTasks } from './host-tasks.ts'
import type { BenchResult } from './report.ts'
import { mean, quantile } from './statistic.ts'

/** Of each kind before and after the host's own: a machine that others keep busy is as busy for both. */
const FORKS = 20
const FSYNCS = 100

interface Bare {
  readonly forksMs: readonly number[]
  readonly fsyncsMs: readonly number[]
}

async function measureBare(folder: string): Promise<Bare> {
  return { forksMs: await measureForks(folder, FORKS), fsyncsMs: measureFsyncs(folder, FSYNCS) }
}

/** Tasks, commits and delivery of a host, beside what a bare fork and a bare fsync take on the same machine. */
export async function measureHost(): Promise<BenchResult> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-host-'))
  try {
    const before = await measureBare(folder)
    const { startLatenciesMs, tasksPerSecond } = await measureTasks(folder)
    const { commitMs, commitRowsPerSecond, senderPointsPerSecond } = await measureOutbox(folder)
    const after = await measureBare(folder)
    const forkMs = quantile([...before.forksMs, ...after.forksMs], 0.5)
    const fsyncMs = mean([...before.fsyncsMs, ...after.fsyncsMs])
    const startMs = quantile(startLatenciesMs, 0.5)
    return {
      name: 'host',
      figures: {
        tasksPerSecond,
        startLatencyP50Ms: startMs,
        startLatencyP95Ms: quantile(startLatenciesMs, 0.95),
        forkToBare: startMs / forkMs,
        commitRowsPerSecond: Math.round(commitRowsPerSecond),
        commitToFsync: commitMs / fsyncMs,
        senderPointsPerSecond: Math.round(senderPointsPerSecond),
      },
      notes: [
        'a task commits one point, returns, and its Execute waits until the file sink has the point; tasks a second are of four functions at once, latencies of one after another',
        "start latency: from Execute to the first line of the script in its own process; most of it is that process loading Node, the host's part of a task, and the schemas that check a script",
        `a bare fork until its first message takes ${forkMs.toFixed(1)} ms (p50 of ${2 * FORKS}, half before the tasks and half after); forkToBare is the median start latency divided by it`,
        `a commit of one batch and 64 keys of state, 66 rows, takes ${commitMs.toFixed(2)} ms at synchronous=FULL, a bare write of 4 KiB with fsync ${fsyncMs.toFixed(2)} ms (mean of ${2 * FSYNCS}); commitToFsync divides them`,
        'sender: full batches of 2,000 points, each acknowledged in a transaction of its own, to a loopback sink that takes them at once',
      ],
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
