import type { Point } from '../../core/point.ts'
import { alignDown, MINUTE_MS, SECOND_MS } from '../../core/time.ts'
import type { Count, CountName, Labels } from './counters.ts'
import type { Observation } from './observation.ts'
import { funcTags, type OwnTags } from './task-record-points.ts'

/** What the counters said last: points carry what came since, so that any span of them adds up. */
export class Differences {
  readonly #last = new Map<string, number>()

  /** Rows that grew since the last call, by how much. */
  take(name: string, rows: readonly Count[]): readonly Count[] {
    return rows.flatMap(({ labels, value }) => {
      const key = `${name} ${JSON.stringify(labels)}`
      const grown = value - (this.#last.get(key) ?? 0)
      this.#last.set(key, value)
      return grown > 0 ? [{ labels, value: grown }] : []
    })
  }
}

interface Making {
  readonly observation: Observation
  readonly differences: Differences
  readonly own: OwnTags
}

type Fields = Readonly<Record<string, number>>

function makePoint({ observation, own }: Making, measurement: string, tags: Labels, fields: Fields): Point {
  // The minute it was seen in: two homes' points stand at the same times, and a poll a second late is no new column.
  const timeMs = alignDown(observation.nowMs, MINUTE_MS)
  return { category: 'metric', measurement, tags: { ...own, ...tags }, fields, timeMs }
}

function countRecords({ records }: Observation, status: string): number {
  return records.reduce((sum, row) => sum + (row.status === status ? row.count : 0), 0)
}

function hostPoint(making: Making): Point {
  const { observation, differences } = making
  const { backlog, lanes, process, acknowledged, nowMs } = observation
  const { oldestWaitingMs } = backlog
  const grown = (name: string, value: number): number =>
    differences.take(name, [{ labels: {}, value }])[0]?.value ?? 0
  return makePoint(
    making,
    'DFF_host',
    {},
    {
      outbox_batches: backlog.waitingBatches,
      outbox_points: backlog.waitingPoints,
      outbox_bytes: lanes.reduce((sum, lane) => sum + lane.waitingBytes, 0),
      outbox_age: oldestWaitingMs === null ? 0 : Math.max(0, nowMs - oldestWaitingMs) / SECOND_MS,
      dead_batches: backlog.deadBatches,
      dead_points: backlog.deadPoints,
      tasks_running: countRecords(observation, 'pending'),
      tasks_waiting: countRecords(observation, 'waiting'),
      acknowledged_points: grown('acknowledged', acknowledged.points),
      cpu: grown('cpu', process.cpuSec),
      rss: process.rssBytes,
      ...(process.openFiles === null ? {} : { open_files: process.openFiles }),
    },
  )
}

/** Takes what has grown since before this host as the start: it is not its own. */
export function skipEarlier(observation: Observation, differences: Differences): void {
  hostPoint({ observation, differences, own: { host: '', home: '' } })
}

/** Upstream's measurement of calls, by function and how they ended; costs are sums in milliseconds. */
function funcPoints(making: Making): Point[] {
  const { observation, differences } = making
  const take = (name: CountName): readonly Count[] => differences.take(name, observation.counters.read(name))
  const costs = { wait_cost: take('waitMs'), run_cost: take('runMs') }
  return take('tasks').map(({ labels, value }) => {
    const key = JSON.stringify(labels)
    const cost = Object.entries(costs).map(([field, rows]) => [
      field,
      rows.find((row) => JSON.stringify(row.labels) === key)?.value ?? 0,
    ])
    const { func = '', origin = '', status = '' } = labels
    const tags = { ...funcTags(func), origin, task_status: status }
    return makePoint(making, 'DFF_func_call', tags, { count: value, ...(Object.fromEntries(cost) as Fields) })
  })
}

function lagPoints(making: Making): Point[] {
  return making.observation.lags.map(({ scriptId, measurement, lagMs }) =>
    makePoint(making, 'DFF_host_lag', { script_id: scriptId, of: measurement }, { lag: lagMs / SECOND_MS }),
  )
}

function callPoints(making: Making): Point[] {
  const { observation, differences } = making
  const { counters } = observation
  const billed = new Map(
    differences.take('billed', counters.read('billed')).map(({ labels, value }) => [labels['api'], value]),
  )
  return differences.take('calls', counters.read('calls')).map(({ labels, value }) =>
    makePoint(making, 'DFF_host_call', labels, {
      requests: value,
      billed_metrics: billed.get(labels['api']) ?? 0,
    }),
  )
}

/** Problems that were reported, exceptions that ended tasks, requests that a sink did not accept: one row a kind. */
function errorPoints(making: Making): Point[] {
  const { observation, differences } = making
  const sums = new Map<string, { readonly source: string; readonly kind: string; count: number }>()
  const add = (source: string, name: CountName, label: string): void => {
    for (const { labels, value } of differences.take(name, observation.counters.read(name))) {
      const kind = labels[label] ?? ''
      if (kind === 'accepted' && source === 'delivery') continue
      const row = sums.get(`${source} ${kind}`) ?? { source, kind, count: 0 }
      row.count += value
      sums.set(`${source} ${kind}`, row)
    }
  }
  add('problem', 'problems', 'code')
  add('task', 'exceptions', 'type')
  add('delivery', 'deliveries', 'result')
  return [...sums.values()].map(({ source, kind, count }) =>
    makePoint(making, 'DFF_host_error', { source, kind }, { count }),
  )
}

/** What a host says of itself each minute: gauges as they are, counts as they grew since the last time. */
export function makeOwnPoints(
  observation: Observation,
  differences: Differences,
  own: OwnTags,
): readonly Point[] {
  const making = { observation, differences, own }
  return [
    hostPoint(making),
    ...funcPoints(making),
    ...lagPoints(making),
    ...callPoints(making),
    ...errorPoints(making),
  ]
}
