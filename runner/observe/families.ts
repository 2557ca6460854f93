import { type EpochMs, SECOND_MS } from '../../core/time.ts'
import type { LaneTotals } from '../store/outbox-store.ts'
import { BOUNDS_SEC, type Count, type Distribution, type Labels } from './counters.ts'
import { type Family, formatNumber, type Sample } from './exposition.ts'
import type { Observation } from './observation.ts'

function gauge(name: string, help: string, samples: readonly Sample[]): Family {
  return { name, type: 'gauge', help, samples }
}

function counter(name: string, help: string, samples: readonly Sample[]): Family {
  return { name, type: 'counter', help, samples }
}

function one(value: number | null, labels: Labels = {}): readonly Sample[] {
  return value === null ? [] : [{ labels, value }]
}

function toSec(ms: number | null): number | null {
  return ms === null ? null : ms / SECOND_MS
}

function histogram(name: string, help: string, rows: readonly Distribution[]): Family {
  const samples = rows.flatMap(({ funcId, counts, sumSec }): Sample[] => {
    let total = 0
    const buckets = [...BOUNDS_SEC, Infinity].map((bound, index) => {
      total += counts[index] ?? 0
      return { suffix: '_bucket', labels: { func: funcId, le: formatNumber(bound) }, value: total }
    })
    const labels = { func: funcId }
    return [...buckets, { suffix: '_sum', labels, value: sumSec }, { suffix: '_count', labels, value: total }]
  })
  return { name, type: 'histogram', help, samples }
}

function processFamilies({ process, startedAtMs, version, node }: Observation): Family[] {
  return [
    gauge('dff_build_info', 'Version of the host and of its Node; always 1.', one(1, { version, node })),
    gauge('process_start_time_seconds', 'When this host began.', one(startedAtMs / SECOND_MS)),
    gauge('process_resident_memory_bytes', 'Memory of the host, without its tasks.', one(process.rssBytes)),
    counter('process_cpu_seconds_total', 'CPU of the host, without its tasks.', one(process.cpuSec)),
    gauge('process_open_fds', 'Open file descriptors of the host.', one(process.openFiles)),
  ]
}

function taskFamilies({ records, triggers, counters }: Observation): Family[] {
  const now = (wanted: string): readonly Sample[] =>
    records
      .filter(({ status }) => status === wanted)
      .map(({ funcId, count }) => ({ labels: { func: funcId }, value: count }))
  return [
    counter('dff_tasks_total', 'Tasks that ended since the host began.', counters.read('tasks')),
    gauge('dff_tasks_running', 'Tasks that run now.', now('pending')),
    gauge('dff_tasks_waiting', 'Tasks that wait for their turn.', now('waiting')),
    histogram('dff_task_duration_seconds', "From a task's start to its end.", counters.runs()),
    histogram('dff_task_start_delay_seconds', "From a tick's time to its task's start.", counters.delays()),
    gauge(
      'dff_trigger_enabled',
      'Whether the trigger is enabled; a pause of all triggers is not shown here.',
      triggers.map(({ triggerId, isEnabled }) => ({
        labels: { trigger: triggerId },
        value: isEnabled ? 1 : 0,
      })),
    ),
    gauge(
      'dff_trigger_last_tick_timestamp_seconds',
      'The last tick that became a task.',
      triggers.flatMap(({ triggerId, lastTickMs }) => one(toSec(lastTickMs), { trigger: triggerId })),
    ),
  ]
}

function states(lanes: readonly LaneTotals[], key: 'Batches' | 'Points' | 'Bytes'): readonly Sample[] {
  return lanes.flatMap((lane) => [
    { labels: { connector: lane.connectorId, state: 'waiting' }, value: lane[`waiting${key}`] },
    { labels: { connector: lane.connectorId, state: 'dead' }, value: lane[`dead${key}`] },
  ])
}

function outboxFamilies({ lanes, nowMs }: Observation): Family[] {
  const ageSec = (fromMs: EpochMs | null): number =>
    fromMs === null ? 0 : Math.max(0, nowMs - fromMs) / SECOND_MS
  const byLane = (valueOf: (lane: LaneTotals) => number): readonly Sample[] =>
    lanes.map((lane) => ({ labels: { connector: lane.connectorId }, value: valueOf(lane) }))
  return [
    gauge('dff_outbox_batches', 'Batches that no sink has acknowledged.', states(lanes, 'Batches')),
    gauge('dff_outbox_points', 'Points that no sink has acknowledged.', states(lanes, 'Points')),
    gauge('dff_outbox_bytes', 'Compressed bytes of them.', states(lanes, 'Bytes')),
    gauge(
      'dff_outbox_limit_bytes',
      'Near it collection for that connector pauses.',
      byLane((lane) => lane.maxBytes),
    ),
    gauge(
      'dff_outbox_oldest_age_seconds',
      'Age of the oldest batch that waits; 0 when none does.',
      byLane((lane) => ageSec(lane.oldestWaitingMs)),
    ),
  ]
}

function deliveryFamilies({ acknowledged, lags, counters }: Observation): Family[] {
  return [
    counter('dff_points_committed_total', 'Points that tasks committed.', counters.read('points')),
    counter(
      'dff_points_acknowledged_total',
      'Points that sinks acknowledged since the home exists.',
      one(acknowledged.points),
    ),
    gauge(
      'dff_last_acknowledged_timestamp_seconds',
      'When a sink acknowledged last.',
      one(toSec(acknowledged.lastMs)),
    ),
    counter(
      'dff_deliveries_total',
      'Requests to sinks, by what became of them.',
      counters.read('deliveries'),
    ),
    gauge(
      'dff_lag_seconds',
      'How far the newest acknowledged point lies behind now.',
      lags.map(({ scriptId, measurement, lagMs }) => ({
        labels: { script: scriptId, measurement },
        value: lagMs / SECOND_MS,
      })),
    ),
  ]
}

function costFamilies({ counters }: Observation): Family[] {
  const read = (name: 'calls' | 'billed' | 'problems' | 'exceptions'): readonly Count[] => counters.read(name)
  return [
    counter('dff_calls_total', 'Requests of tasks to AWS, retries included.', read('calls')),
    counter(
      'dff_billed_metrics_total',
      'Metrics that CloudWatch bills for these requests.',
      read('billed').filter(({ value }) => value > 0),
    ),
    counter('dff_problems_total', 'Problems that tasks reported and went on.', read('problems')),
    counter('dff_task_exceptions_total', 'What ended tasks that failed.', read('exceptions')),
  ]
}

/** Everything that `/metrics` shows. Counters begin at zero with the host; gauges of the store do not. */
export function makeFamilies(observation: Observation): readonly Family[] {
  return [
    ...processFamilies(observation),
    ...taskFamilies(observation),
    ...outboxFamilies(observation),
    ...deliveryFamilies(observation),
    ...costFamilies(observation),
  ]
}
