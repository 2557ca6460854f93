import type { EpochMs } from '../../core/time.ts'
import { createRandom, hashText } from '../truth/random.ts'
import { type LogEvent, retainedFromMs } from '../truth/logs.ts'
import { type Call, makeToken, type Operation, parseInput, readToken } from './call.ts'
import { AwsError } from './error.ts'
import { partitionOf } from './identity.ts'

/** Of one page (aws.md §4.1); an event counts with 26 bytes more than its text. */
const MAX_EVENTS = 10_000
const MAX_BYTES = 1024 ** 2
const EVENT_BYTES = 26

/** Where a page begins, of what was there when the first one was asked for. */
interface Position {
  readonly at: number
  readonly asOfMs: EpochMs
  /** Which page it is: empty ones begin where the one before began. */
  readonly page: number
}

interface Question {
  readonly accountId: string
  readonly group: string
  readonly startMs: EpochMs
  readonly endMs: EpochMs
  readonly limit: number
  readonly streams: readonly string[] | undefined
  readonly token: string | undefined
  /** Of the question itself, which a token is good for. */
  readonly key: string
}

function invalid(message: string): AwsError {
  return new AwsError('invalidParameter', message)
}

function timeOf(value: unknown, otherwise: EpochMs): EpochMs {
  if (value === undefined) return otherwise
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0) return value
  throw invalid('startTime and endTime must be whole milliseconds')
}

/** A name is of the caller's account; an ARN may be of one that shares its logs with it. */
function groupOf(call: Call, name: unknown, identifier: unknown) {
  const { identity, region } = call.caller
  if ((name === undefined) === (identifier === undefined)) {
    throw invalid('Exactly one of logGroupName and logGroupIdentifier is to be given')
  }
  const text = String(name ?? identifier)
  const [, , service, ofRegion, accountId = '', , ...rest] = text.split(':')
  if (!text.startsWith('arn:')) return { accountId: identity.accountId, group: text }
  if (service !== 'logs' || ofRegion !== region) throw invalid(`Invalid log group identifier: ${text}`)
  return { accountId, group: rest.join(':').replace(/:\*$/, '') }
}

function questionOf(call: Call): Question {
  const input = parseInput(call)
  const { limit = MAX_EVENTS, nextToken, logStreamNames, filterPattern } = input
  if (typeof limit !== 'number' || limit < 1 || limit > MAX_EVENTS) throw invalid('limit is from 1 to 10000')
  if (filterPattern !== undefined) throw invalid('This simulator has no filter patterns')
  const place = groupOf(call, input['logGroupName'], input['logGroupIdentifier'])
  const startMs = timeOf(input['startTime'], 0)
  const endMs = timeOf(input['endTime'], call.simulation.clock.nowMs())
  if (startMs > endMs) throw invalid('startTime must not be after endTime')
  const streams = Array.isArray(logStreamNames) ? logStreamNames.map(String) : undefined
  const token = typeof nextToken === 'string' ? nextToken : undefined
  const key = JSON.stringify([place, startMs, endMs, streams])
  return { ...place, startMs, endMs, limit, streams, token, key }
}

function findEvents(call: Call, question: Question, asOfMs: EpochMs): readonly LogEvent[] {
  const { logs } = call.simulation
  const { accountId, group, streams } = question
  const writers = logs.writers({ accountId, region: call.caller.region, group }, asOfMs)
  if (writers === undefined) throw new AwsError('notFound', 'The specified log group does not exist.')
  const startMs = Math.max(question.startMs, retainedFromMs(logs.options, asOfMs))
  return logs
    .events(writers, { startMs, endMs: question.endMs })
    .filter(({ ingestedMs, stream }) => ingestedMs <= asOfMs && (streams?.includes(stream) ?? true))
}

/** How many from `at` on fit a page. */
function fitting(events: readonly LogEvent[], at: number, limit: number): number {
  let bytes = 0
  let count = 0
  for (let index = at; index < events.length && count < limit; index += 1) {
    bytes += Buffer.byteLength(events[index]?.message ?? '') + EVENT_BYTES
    if (bytes > MAX_BYTES && count > 0) break
    count += 1
  }
  return count
}

function isEmptyPage(call: Call, { key }: Question, { at, page }: Position): boolean {
  const random = createRandom(hashText(`${key} ${at} ${page}`))
  return call.fault === 'emptyPage' || random() < call.simulation.logs.options.emptyShare
}

/** The events of a page, and where the next one begins; undefined after the last. */
function cutPage(call: Call, question: Question, position: Position) {
  const events = findEvents(call, question, position.asOfMs)
  const { at, page } = position
  const next = { ...position, page: page + 1 }
  if (isEmptyPage(call, question, position)) return { events: [], next }
  const fits = fitting(events, at, question.limit)
  const count = call.fault === 'partialPage' ? Math.ceil(fits / 2) : fits
  const items = events.slice(at, at + count)
  if (call.fault === 'repeatedPage') return { events: items, next }
  const ordered = call.fault === 'oddOrder' ? items.toReversed() : items
  return { events: ordered, next: at + count < events.length ? { ...next, at: at + count } : undefined }
}

/** logs:FilterLogEvents. */
export const filterLogEvents: Operation = (call) => {
  const question = questionOf(call)
  const position =
    question.token === undefined
      ? { at: 0, asOfMs: call.simulation.clock.nowMs(), page: 0 }
      : // Only this simulator makes tokens for its questions.
        (readToken(question.token, question.key) as Position)
  const { events, next } = cutPage(call, question, position)
  return {
    events: events.map(({ eventId, stream, timestampMs, ingestedMs, message }) => ({
      eventId,
      logStreamName: stream,
      timestamp: timestampMs,
      ingestionTime: ingestedMs,
      message,
    })),
    searchedLogStreams: [],
    ...(next === undefined ? {} : { nextToken: makeToken(next, question.key) }),
  }
}

/** AWS asks for the streams of the group, without a name: a policy that ends in the name of the group does not allow them. */
const OF_STREAMS = ':log-stream:'

/** What a policy can limit reading to. */
export function logGroupArnOf(region: string, accountId: string, body: string): string {
  try {
    const { logGroupName, logGroupIdentifier } = JSON.parse(body) as Readonly<Record<string, unknown>>
    if (typeof logGroupIdentifier === 'string' && logGroupIdentifier.startsWith('arn:'))
      return `${logGroupIdentifier.replace(/:\*$/, '')}${OF_STREAMS}`
    const name = String(logGroupName ?? logGroupIdentifier)
    return `arn:${partitionOf(region)}:logs:${region}:${accountId}:log-group:${name}${OF_STREAMS}`
  } catch {
    return '*'
  }
}
