import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Counters } from '../simulator/counters.ts'
import { openSimulatedHome } from '../tools/simulated-home.ts'
import type { PipelineFigures } from './logs-pipeline.ts'
import type { BenchResult } from './report.ts'

const GROUPS = 1_000
/** Read by logs-pipeline.ts. */
const EVENTS = 1_000_000

/** Of a task process (runner/task/sandbox.ts): without them memory says how lazy the collector was. */
const TASK_FLAGS = ['--max-old-space-size=256', '--max-semi-space-size=8']

async function runPipeline(): Promise<PipelineFigures> {
  const path = fileURLToPath(new URL('logs-child.ts', import.meta.url))
  const child = fork(path, { execArgv: TASK_FLAGS })
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`the process of the pipeline ended with ${String(code)}`)
  })
  ended.catch(() => undefined)
  // Sent by logs-child.ts.
  return Promise.race([once(child, 'message').then(([figures]) => figures as PipelineFigures), ended])
}

/** Calls of a poll that is neither the first nor after a pause, through the whole host. */
async function countCalls(): Promise<{ readonly calls: number; readonly wallSeconds: number }> {
  const home = await openSimulatedHome({
    simulatorArgs: [
      '--latency',
      '0',
      '--functions',
      String(GROUPS),
      '--regions',
      '1',
      '--active',
      '0.3',
      '--listing',
    ],
    sink: { rewrite: 'unknown', mergesFields: false },
    setId: 'guance_aws_cloudwatchlogs',
  })
  try {
    await home.pollNow()
    await home.control('counters/reset', {})
    const { record, wallMs } = await home.pollNow()
    if (record.status !== 'success')
      throw new Error(`the task ended in ${record.status}: ${record.exceptionText}`)
    const { requests } = await home.control<Counters>('counters')
    return { calls: requests['logs:FilterLogEvents'] ?? 0, wallSeconds: wallMs / 1_000 }
  } finally {
    await home.close()
  }
}

/** How fast logs go through, what they take of memory, and how often CloudWatch Logs is asked. */
export async function measureLogs(): Promise<BenchResult> {
  const pipeline = await runPipeline()
  const { calls, wallSeconds } = await countCalls()
  return {
    name: 'logs',
    figures: { ...pipeline, callsPer1000Groups: calls, pollSeconds: wallSeconds },
    notes: [
      `${EVENTS.toLocaleString('en-US')} events of one group, read page by page without a network, made points, compressed and committed to SQLite, in a process with a task's heap limits; quarterPeakRssMB is its peak at a quarter of them`,
      `the second poll of ${GROUPS} functions, 30 % of them active, through host and task process; the rate that AWS allows bounds it`,
    ],
  }
}
