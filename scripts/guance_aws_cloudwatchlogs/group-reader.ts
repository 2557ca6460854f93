import { type EpochMs, MINUTE_MS, type RunContext } from 'guance-aws-lambda/dff'
import { AwsFailure, type AwsRegion, isAbsent } from 'guance-aws-lambda/sets/guance_integration'
import { FILTER_EVENTS, filterEvents, type LogEvent } from './filter-events.ts'
import type { GroupState } from './group-state.ts'
import type { LogGroup } from './log-group.ts'
import { isRestHidden } from './log-point.ts'
import { type IdBounds, type Pace, type Reading, type ReadWindow, tighten } from './pace.ts'
import { PageRoom } from './page-room.ts'
import { makeLogs, makeReports, type RecordMaker } from './record-maker.ts'
import type { SliceWriter } from './slice-writer.ts'

/** Ten gigabytes of one window: more means that AWS keeps handing out tokens. */
const MAX_PAGES = 10_000

/** A request with its retries, and its commit, must end before the host ends the task. */
const MARGIN_MS = MINUTE_MS

/** What all groups of a region share in a run. */
export interface GroupRun {
  readonly context: RunContext
  readonly region: AwsRegion
  readonly writer: SliceWriter
  readonly maker: RecordMaker
  readonly bounds: IdBounds
}

/** How a window ended: read whole, before the task's time was over, or as one that is to be read by another pace. */
export type WindowEnd = 'whole' | 'out-of-time' | Pace

/** Whether nothing new may be begun: the host is about to end the task. */
export function isEnding({ elapsedMs, timeoutMs }: Pick<RunContext, 'elapsedMs' | 'timeoutMs'>): boolean {
  return elapsedMs() >= timeoutMs - MARGIN_MS
}

/** A reader of one group. */
export class GroupReader {
  readonly #run: GroupRun
  readonly #group: LogGroup
  readonly #reading: Reading
  readonly #state: GroupState
  events = 0
  lines = 0
  restHidden = 0
  reports = 0
  late = 0
  latestMs = 0
  seenMs: EpochMs | undefined
  isMissing = false

  constructor(run: GroupRun, group: LogGroup, parts: { reading: Reading; state: GroupState }) {
    this.#run = run
    this.#group = group
    this.#reading = parts.reading
    this.#state = parts.state
  }

  /** Every page of a window. A group that does not exist has none. */
  async readWindow(window: ReadWindow, pace: Pace): Promise<WindowEnd> {
    try {
      return await this.#readPages(window, pace)
    } catch (error) {
      if (!isAbsent(error)) throw error
      this.isMissing = true
      return 'whole'
    }
  }

  async #readPages(window: ReadWindow, pace: Pace): Promise<WindowEnd> {
    const { context, bounds } = this.#run
    let token: string | undefined
    for (let page = 0; page < MAX_PAGES; page += 1) {
      if (isEnding(context)) return 'out-of-time'
      // One page after the other: each one names the next.
      token = await this.#readPage(window, token)
      if (token === undefined) return 'whole'
      const tighter = tighten(window, this.#reading, { ids: this.#state.ids, pace, bounds })
      if (tighter !== undefined) return tighter
    }
    throw new AwsFailure('transient', FILTER_EVENTS, new Error(`no last page among ${MAX_PAGES}`))
  }

  /** Gives the token of the next page. */
  async #readPage(window: ReadWindow, token: string | undefined): Promise<string | undefined> {
    const { context, region } = this.#run
    const room = new PageRoom(context, region)
    try {
      const page = await filterEvents(region, this.#group, { ...window, token }, room)
      await this.#take(page.events.filter(({ stream }) => this.#group.isWanted(stream)))
      return page.token
    } finally {
      room.giveBack()
    }
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
    this.lines += points.length
    this.restHidden += points.filter(isRestHidden).length
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
