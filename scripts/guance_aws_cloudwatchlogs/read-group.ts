import {
  alignDown,
  type EpochMs,
  HOUR_MS,
  MINUTE_MS,
  type RunContext,
  SECOND_MS,
} from 'guance-aws-lambda/dff'
import { AwsFailure, type AwsRegion, isAbsent } from 'guance-aws-lambda/sets/guance_integration'
import { FILTER_EVENTS, filterEvents, type LogEvent } from './filter-events.ts'
import { GroupState } from './group-state.ts'
import type { LogGroup } from './log-group.ts'
import { makeLogs, makeReports, type RecordMaker } from './record-maker.ts'
import { pageGate } from './page-gate.ts'
import type { SliceWriter } from './slice-writer.ts'

/** Ten gigabytes of one window: more means that AWS keeps handing out tokens. */
const MAX_PAGES = 10_000

/** What is read at once of a past that must be caught up with: the ids of a window are kept until it is over. */
const LEAST_WINDOW_MS = 5 * MINUTE_MS
const MOST_WINDOW_MS = 6 * HOUR_MS
const FEW_EVENTS = 5_000

/** A request with its retries, and its commit, must end before the host ends the task. */
const MARGIN_MS = MINUTE_MS

/** Its Date header leaves out what is less than a second. */
const DATE_HEADER_MS = SECOND_MS

/** What all groups of a region share in a run. */
export interface GroupRun {
  readonly context: RunContext
  readonly region: AwsRegion
  readonly writer: SliceWriter
  readonly maker: RecordMaker
}

/** How far a group is to be read. */
export interface Reading {
  readonly stateKey: string
  readonly fromMs: EpochMs
  readonly toMs: EpochMs
  /** Events may come so long after their time; 0 of a past in which all have come. */
  readonly latenessMs: number
}

export interface GroupResult {
  readonly events: number
  readonly finalMs: EpochMs
  /** Time of the last new event; absent where there was none. */
  readonly seenMs?: EpochMs
  /** Events that came to CloudWatch Logs later than the lateness. A poll in time would not have found them. */
  readonly late: number
  readonly latestMs: number
  readonly isMissing: boolean
  /** Points of reports. */
  readonly reports: number
  /** Whether the task's time ended before. */
  readonly isUnfinished: boolean
}

interface Window {
  readonly startMs: EpochMs
  readonly lastMs: EpochMs
  readonly finalMs: EpochMs
}

/** Whether nothing new may be begun: the host is about to end the task. */
export function isEnding({ elapsedMs, timeoutMs }: Pick<RunContext, 'elapsedMs' | 'timeoutMs'>): boolean {
  return elapsedMs() >= timeoutMs - MARGIN_MS
}

/** The past in windows; what may still come is always read to its end, because its beginning stays open anyway. */
function nextWindow(startMs: EpochMs, { toMs, latenessMs }: Reading, windowMs: number): Window {
  const settledMs = alignDown(toMs - latenessMs, MINUTE_MS)
  const endMs = startMs + windowMs
  // A little more is read at once: the minute before the last may have been left open by a clock that is a second off.
  if (startMs + 2 * windowMs < settledMs) return { startMs, lastMs: endMs - 1, finalMs: endMs }
  // Of a past without lateness the end is exclusive.
  return { startMs, lastMs: latenessMs === 0 ? toMs - 1 : toMs, finalMs: Math.max(startMs, settledMs) }
}

/** A reader of one group. */
class GroupReader {
  readonly #run: GroupRun
  readonly #group: LogGroup
  readonly #reading: Reading
  readonly #state: GroupState
  events = 0
  reports = 0
  late = 0
  latestMs = 0
  seenMs: EpochMs | undefined

  constructor(run: GroupRun, group: LogGroup, parts: { reading: Reading; state: GroupState }) {
    this.#run = run
    this.#group = group
    this.#reading = parts.reading
    this.#state = parts.state
  }

  /** Every page of a window; false when the task's time ended before the last. */
  async readWindow(window: Window): Promise<boolean> {
    const { context } = this.#run
    const gate = pageGate(context)
    let token: string | undefined
    for (let page = 0; page < MAX_PAGES; page += 1) {
      if (isEnding(context)) return false
      // One page after the other: each one names the next.
      token = await gate.within(async () => this.#readPage(window, token))
      if (token === undefined) return true
    }
    throw new AwsFailure('transient', FILTER_EVENTS, new Error(`no last page among ${MAX_PAGES}`))
  }

  /** Gives the token of the next page. */
  async #readPage(window: Window, token: string | undefined): Promise<string | undefined> {
    const page = await filterEvents(this.#run.region, this.#group, { ...window, token })
    await this.#take(page.events.filter(({ stream }) => this.#group.isWanted(stream)))
    return page.token
  }

  /** Commits new events with the ids by which they are known from then on. */
  async #take(events: readonly LogEvent[]): Promise<void> {
    const state = this.#state
    const fresh = events.filter(
      ({ eventId, timeMs }) => timeMs >= state.finalMs && state.ids.add(eventId, timeMs),
    )
    if (fresh.length === 0) return
    this.#count(fresh)
    const points = makeLogs(this.#run.maker, this.#group, { events: fresh, state })
    await this.#run.writer.add(points, state.save())
  }

  #count(fresh: readonly LogEvent[]): void {
    this.events += fresh.length
    for (const { timeMs, ingestedMs } of fresh) {
      this.seenMs = Math.max(this.seenMs ?? timeMs, timeMs)
      this.latestMs = Math.max(this.latestMs, ingestedMs - timeMs)
      if (this.#reading.latenessMs > 0 && ingestedMs - timeMs > this.#reading.latenessMs) this.late += 1
    }
  }

  /** What a whole window makes final. A minute of reports is written then, or as it grows where the store takes corrections. */
  async settle(finalMs: EpochMs): Promise<void> {
    const { writer, maker, context } = this.#run
    const state = this.#state
    const wasQuiet = state.isQuiet
    const final = state.settle(finalMs)
    const growing = state.reports.takeChanged()
    const minutes = context.sink.rewrite === 'last' ? [...final, ...growing] : final
    // A group in which nothing is open has its mark alone.
    if (wasQuiet && minutes.length === 0) return
    this.reports += minutes.length
    await writer.add(makeReports(maker, this.#group, minutes), state.save())
  }
}

/** AWS's own time when the reading began, as far as a reply has said it. */
function beganAtMs({ clock }: AwsRegion, startedMs: number): EpochMs {
  return clock.awsNowMs() - (Date.now() - startedMs) + DATE_HEADER_MS
}

/**
 * Reads a group from where it stands. Events are found by their own time and come late, so that everything younger than the
 * lateness is read again at each poll and told apart by id. Throws AwsFailure; what was committed until then stays.
 */
export async function readGroup(run: GroupRun, group: LogGroup, reading: Reading): Promise<GroupResult> {
  const { context, region } = run
  const startedMs = Date.now()
  const state = await GroupState.load(context, reading.stateKey, reading.fromMs)
  const reader = new GroupReader(run, group, { reading, state })
  let windowMs = state.isStored ? LEAST_WINDOW_MS : HOUR_MS
  let isMissing = false
  let isWhole = true
  for (let isLast = false; !isLast && isWhole && state.finalMs < reading.toMs;) {
    const window = nextWindow(state.finalMs, reading, windowMs)
    isLast = window.lastMs >= reading.toMs - 1
    const before = reader.events
    try {
      isWhole = await reader.readWindow(window)
    } catch (error) {
      if (!isAbsent(error)) throw error
      isMissing = true
    }
    const safeMs = alignDown(beganAtMs(region, startedMs) - reading.latenessMs, MINUTE_MS)
    if (isWhole) await reader.settle(Math.min(window.finalMs, safeMs))
    // A clock of AWS that is behind: there is nothing to go on with.
    if (window.finalMs > safeMs) break
    windowMs = reader.events - before < FEW_EVENTS ? Math.min(windowMs * 2, MOST_WINDOW_MS) : LEAST_WINDOW_MS
  }
  const { events, reports, late, latestMs, seenMs } = reader
  const result = {
    events,
    reports,
    late,
    latestMs,
    finalMs: state.finalMs,
    isMissing,
    isUnfinished: !isWhole,
  }
  return seenMs === undefined ? result : { ...result, seenMs }
}
