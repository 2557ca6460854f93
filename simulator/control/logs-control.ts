import { alignDown, type EpochMs, MINUTE_MS } from '../../core/time.ts'
import { parseLogs } from '../fleet-part.ts'
import type { Simulation } from '../simulation.ts'
import type { Lambda } from '../truth/lambda.ts'
import type { LogEvent } from '../truth/logs.ts'
import type { LogRun } from '../truth/log-run.ts'
import type { ControlCall } from './control-call.ts'
import { checkKeys, ControlError, type Input, numberOf, required, textOf, textsOf } from './input.ts'

/** Differences that an audit describes. */
const SAMPLES = 20

interface Span {
  readonly accountId: string
  readonly regions: readonly string[]
  readonly startMs: EpochMs
  /** Exclusive. */
  readonly endMs: EpochMs
}

function writersOf({ truth, logs }: Simulation, { accountId, regions }: Span): readonly Lambda[] {
  return regions
    .flatMap((region) => truth.fleet.lambdas(accountId, region))
    .filter(
      (lambda) =>
        lambda.isActive && !logs.deleted.has(`${accountId}/${lambda.region}/${logs.groupOf(lambda)}`),
    )
}

function eventsOf(simulation: Simulation, span: Span): readonly LogEvent[] {
  const between = { startMs: span.startMs, endMs: span.endMs - 1 }
  return writersOf(simulation, span).flatMap((lambda) => simulation.logs.events([lambda], between))
}

function spanOfQuery({ simulation, query }: ControlCall): Span {
  const text = (name: string): string => required(query.get(name) ?? undefined, name)
  return {
    accountId: query.get('accountId') ?? simulation.options.accountIds[0] ?? '',
    regions: [text('region')],
    startMs: Number(text('startMs')),
    endMs: Number(text('endMs')),
  }
}

/** `?region=&startMs=&endMs=`: every event of that time, ingested or not. */
export function showLogs(call: ControlCall): object {
  const events = eventsOf(call.simulation, spanOfQuery(call)).map(({ lambda, ...event }) => ({
    functionName: lambda.name,
    ...event,
  }))
  return { events }
}

function sumOf(runs: readonly LogRun[], read: (run: LogRun) => number): number {
  return runs.reduce((sum, run) => sum + read(run), 0)
}

function maxOf(runs: readonly LogRun[], read: (run: LogRun) => number): number {
  return runs.reduce((most, run) => Math.max(most, read(run)), 0)
}

/** What a minute's reports add up to. */
function summarise(runs: readonly LogRun[]): object {
  const cold = runs.filter(({ initMs }) => initMs !== undefined)
  return {
    invocations: runs.length,
    coldStarts: cold.length,
    errors: runs.filter(({ status }) => status === 'error').length,
    timeouts: runs.filter(({ status }) => status === 'timeout').length,
    outOfMemory: runs.filter(({ errorType }) => errorType === 'Runtime.OutOfMemory').length,
    durationMsSum: sumOf(runs, ({ durationMs }) => durationMs),
    durationMsMax: maxOf(runs, ({ durationMs }) => durationMs),
    billedMsSum: sumOf(runs, ({ billedMs }) => billedMs),
    maxMemoryMbMax: maxOf(runs, ({ maxMemoryMb }) => maxMemoryMb),
    initMs: cold.map(({ initMs = 0 }) => initMs),
  }
}

/** `?region=&startMs=&endMs=`: for each function and minute what its reports say, by the minute of the report. */
export function showReports(call: ControlCall): object {
  const span = spanOfQuery(call)
  const between = { startMs: span.startMs, endMs: span.endMs - 1 }
  const minutes = writersOf(call.simulation, span).flatMap((lambda) => {
    const runs = call.simulation.logs.runs(lambda, between)
    const byMinute = Map.groupBy(runs, ({ reportMs }) => alignDown(reportMs, MINUTE_MS))
    return [...byMinute].map(([timeMs, ofMinute]) => ({
      functionName: lambda.name,
      region: lambda.region,
      timeMs,
      ...summarise(ofMinute),
    }))
  })
  return { minutes }
}

/** Changes what functions write from now on and ever; `deleted` names groups that exist no more, `region/name`. */
export function setLogs({ simulation, input }: ControlCall): object {
  const { deleted, accountId = simulation.options.accountIds[0], ...options } = input
  const { logs } = simulation
  logs.setOptions(parseLogs(options, logs.options))
  const names = textsOf({ deleted }, 'deleted')
  if (names !== undefined) {
    logs.deleted.clear()
    for (const name of names) logs.deleted.add(`${String(accountId)}/${name}`)
  }
  return { ...logs.options, deleted: [...logs.deleted] }
}

function spanOfInput({ simulation, input }: ControlCall): Span {
  checkKeys(input, ['accountId', 'regions', 'startMs', 'endMs'])
  return {
    accountId: textOf(input, 'accountId') ?? simulation.options.accountIds[0] ?? '',
    regions: textsOf(input, 'regions') ?? simulation.options.regions,
    startMs: timeOf(input, 'startMs'),
    endMs: timeOf(input, 'endMs'),
  }
}

function timeOf(input: Input, key: string): EpochMs {
  const value = required(numberOf(input, key), key)
  if (Number.isInteger(value)) return value
  throw new ControlError(`${key} must be whole milliseconds, got ${value}`)
}

/** Ids that the receiver holds, each as often as it came. */
function receivedIds({ receiver }: Simulation, wanted: ReadonlyMap<string, LogEvent>) {
  const counts = new Map<string, number>()
  const others: string[] = []
  for (const { fields } of receiver.received.points({ category: 'logging' })) {
    const ids = fields['event_ids'] ?? fields['event_id']
    for (const id of typeof ids === 'string' ? ids.split(',') : []) {
      if (wanted.has(id)) counts.set(id, (counts.get(id) ?? 0) + 1)
      else others.push(id)
    }
  }
  return { counts, others }
}

/** Compares the distinct event ids at the receiver with those of a time: `{regions, startMs, endMs}`, the end exclusive. */
export function auditLogs(call: ControlCall): object {
  const { simulation } = call
  const events = eventsOf(simulation, spanOfInput(call))
  const wanted = new Map(events.map((event) => [event.eventId, event]))
  const { counts, others } = receivedIds(simulation, wanted)
  const missing = events.filter(({ eventId }) => !counts.has(eventId))
  const duplicates = [...counts.values()].reduce((sum, count) => sum + count - 1, 0)
  return {
    expected: wanted.size,
    missing: missing.length,
    duplicates,
    /** Of another time or of nobody. */
    outside: others.length,
    samples: missing
      .slice(0, SAMPLES)
      .map(({ group, timestampMs, ingestedMs, message }) =>
        [group, timestampMs, ingestedMs, message.slice(0, 80)].join(' '),
      ),
  }
}
