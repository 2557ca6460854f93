import type { Point } from 'guance-aws-lambda/dff'
import { findComputePrice } from './compute-price.ts'
import type { LogEvent } from './filter-events.ts'
import type { GroupState } from './group-state.ts'
import type { TagsOf } from './line-tags.ts'
import { functionOf, type LogGroup } from './log-group.ts'
import type { LogOptions } from './log-options.ts'
import { makeLogPoint } from './log-point.ts'
import type { FunctionMinute, Label } from './report-book.ts'
import { makeReportPoint } from './report-point.ts'
import { isKept } from './sample.ts'
import { EMPTY_CARRY } from './stream-carry.ts'
import { foldStream, type LogRecord } from './stream-fold.ts'

/** What lines of a region become. */
export interface RecordMaker {
  readonly region: string
  readonly options: LogOptions
  readonly tagsOf: TagsOf
}

/** AWS sorts by time, but not where pages of several streams meet; ids grow with time. */
function byTime(left: LogEvent, right: LogEvent): number {
  return left.timeMs - right.timeMs || (left.eventId < right.eventId ? -1 : 1)
}

function isWanted({ message, eventId, headEventId, status, line }: LogRecord, options: LogOptions): boolean {
  const sampled = { eventId, status, kind: line.kind, ...(headEventId === undefined ? {} : { headEventId }) }
  return isKept(sampled, options.sampleRate) && options.isWanted(message)
}

/** Late lines by themselves: taken for the end of the stream they would give its next lines to a request that is over. */
function foldEvents(
  name: string,
  events: readonly LogEvent[],
  state: GroupState,
  { isJoining }: LogOptions,
): readonly LogRecord[] {
  const { carry, latestMs } = state.streamOf(name)
  const sorted = events.toSorted(byTime)
  const late = sorted.filter(({ timeMs }) => timeMs < latestMs)
  const ordered = late.length === 0 ? sorted : sorted.filter(({ timeMs }) => timeMs >= latestMs)
  const lateRecords = foldStream(late, EMPTY_CARRY, { isJoining }).records
  const folded = foldStream(ordered, carry, { isJoining })
  const last = ordered.at(-1)
  if (last !== undefined) state.keepStream(name, { carry: folded.carry, latestMs: last.timeMs })
  return lateRecords.length === 0 ? folded.records : [...lateRecords, ...folded.records]
}

/** Of a minute that an earlier version began: with `log_group`, which it did not have, it would be a second line. */
function earlierLabelOf(
  { tagsOf }: Pick<RecordMaker, 'tagsOf'>,
  group: LogGroup,
  functionName: string,
): Label {
  const architecture = group.functions.find(({ name }) => name === functionName)?.architecture
  return { tags: tagsOf(group, functionName), ...(architecture === undefined ? {} : { architecture }) }
}

/** Of a function in this group: by the group lines are told apart of one that has two, whose counts then add up. */
function labelOf(maker: Pick<RecordMaker, 'tagsOf'>, group: LogGroup, functionName: string): Label {
  const { tags, ...rest } = earlierLabelOf(maker, group, functionName)
  return { tags: { ...tags, log_group: group.name }, ...rest }
}

/** Adds the reports of new events to the group's open minutes, and makes the logs of the rest. */
export function makeLogs(
  maker: RecordMaker,
  group: LogGroup,
  { events, state }: { readonly events: readonly LogEvent[]; readonly state: GroupState },
): readonly Point[] {
  const { options, tagsOf } = maker
  const points: Point[] = []
  const ingested = new Map(events.map(({ eventId, ingestedMs }) => [eventId, ingestedMs]))
  for (const [stream, ofStream] of Map.groupBy(events, (event) => event.stream)) {
    const functionName = functionOf(group, stream)
    const tags = { ...tagsOf(group, functionName), log_group: group.name, log_stream: stream }
    const place = { source: options.source ?? group.name, tags, redact: options.redact }
    let label: Label | undefined
    for (const record of foldEvents(stream, ofStream, state, options)) {
      const { report } = record.line
      if (report !== undefined && functionName !== undefined && options.hasMetrics) {
        label ??= labelOf(maker, group, functionName)
        state.reports.add(functionName, record.timeMs, { report, label })
      }
      if (!options.hasLines || !isWanted(record, options)) continue
      points.push(makeLogPoint(record, { ingestedMs: ingested.get(record.eventId) ?? record.timeMs }, place))
    }
  }
  return points
}

/** Points of `aws_lambda_report`. */
export function makeReports(
  maker: RecordMaker,
  group: LogGroup,
  minutes: readonly FunctionMinute[],
): readonly Point[] {
  return minutes.map(({ functionName, minuteMs, minute, label }) => {
    const { tags, architecture } = label ?? earlierLabelOf(maker, group, functionName)
    const price = findComputePrice(maker.region, architecture)
    return makeReportPoint({ minute, timeMs: minuteMs, tags, price })
  })
}
