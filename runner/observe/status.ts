import { TASK_STATUSES, type TaskStatus } from '../host-api.ts'
import type { HostStatus } from '../host-status.ts'
import type { Count, Counters } from './counters.ts'
import type { Observation } from './observation.ts'
import type { Activity, ErrorCount } from './status-rows.ts'

type TaskCounts = Readonly<Record<TaskStatus, number>>

/** Every status with how many records have it. */
function countRecords({ records }: Observation): TaskCounts {
  const counts = TASK_STATUSES.map((status) => [
    status,
    records.reduce((sum, row) => sum + (row.status === status ? row.count : 0), 0),
  ])
  return Object.fromEntries(counts) as TaskCounts // an entry for each status
}

function sumBy(rows: readonly Count[], label: string): Record<string, number> {
  const sums: Record<string, number> = {}
  for (const { labels, value } of rows) {
    const name = labels[label] ?? ''
    sums[name] = (sums[name] ?? 0) + value
  }
  return sums
}

function toErrors(source: ErrorCount['source'], sums: Readonly<Record<string, number>>): ErrorCount[] {
  return Object.entries(sums).map(([kind, count]) => ({ source, kind, count }))
}

function listErrors(counters: Counters): readonly ErrorCount[] {
  const { accepted: _, ...refused } = sumBy(counters.read('deliveries'), 'result')
  return [
    ...toErrors('problem', sumBy(counters.read('problems'), 'code')),
    ...toErrors('task', sumBy(counters.read('exceptions'), 'type')),
    ...toErrors('delivery', refused),
  ]
}

function describeActivity(counters: Counters): Activity {
  const billed = sumBy(counters.read('billed'), 'api')
  const calls = Object.entries(sumBy(counters.read('calls'), 'api'))
  return {
    sinceMs: counters.sinceMs,
    tasks: sumBy(counters.read('tasks'), 'status'),
    calls: calls.map(([api, requests]) => ({ api, requests, billedMetrics: billed[api] ?? 0 })),
    deliveries: sumBy(counters.read('deliveries'), 'result'),
    errors: listErrors(counters),
  }
}

/** The part of `dff status` that is the same figures as `/metrics`. */
export function describeObservation(
  observation: Observation,
): Pick<HostStatus, 'tasks' | 'backlog' | 'lags' | 'activity'> {
  const { backlog, lags, counters } = observation
  return {
    tasks: countRecords(observation),
    backlog,
    lags,
    activity: describeActivity(counters),
  }
}
