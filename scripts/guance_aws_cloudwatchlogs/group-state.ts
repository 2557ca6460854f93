import { type EpochMs, type Json, MINUTE_MS, type RunContext } from 'guance-aws-lambda/dff'
import { IdBook, type IdHeader } from './id-book.ts'
import { type FunctionMinute, type OpenLabels, type OpenReports, ReportBook } from './report-book.ts'
import { EMPTY_CARRY, type StreamCarry } from './stream-carry.ts'

/** Streams whose last lines are remembered; each running instance of a function has one. */
const MAX_STREAMS = 500

/** An invocation lasts at most 15 minutes: what a stream had under way longer ago has ended. */
const KEEP_STREAM_MS = 20 * MINUTE_MS

/** What is remembered of a stream. */
interface StreamMark {
  readonly carry: StreamCarry
  /** Time of its last line: what is older comes late, and must not be taken for what goes on. */
  readonly latestMs: EpochMs
}

const NEW_STREAM: StreamMark = { carry: EMPTY_CARRY, latestMs: Number.NEGATIVE_INFINITY }

function hasNothing({ running, head }: StreamCarry): boolean {
  return running.length === 0 && head === undefined
}

interface StoredGroup {
  readonly finalMs: EpochMs
  readonly ids: IdHeader
  readonly reports: OpenReports
  /** Absent in what an earlier version stored. */
  readonly labels?: OpenLabels
  /** Latest last. */
  readonly streams: readonly (readonly [name: string, mark: StreamMark])[]
}

/** The first value of a minute is where an earlier version kept all of its ids. */
function idKey(key: string, minuteMs: EpochMs, index: number): string {
  return index === 0 ? `${key}#${minuteMs}` : `${key}#${minuteMs}/${index}`
}

/** Where the reading of a group stands. */
export class GroupState {
  /** Everything before it was read for good; a whole minute. */
  finalMs: EpochMs
  readonly ids: IdBook
  readonly reports: ReportBook
  /** Whether the store holds a value for it. */
  isStored: boolean
  readonly #key: string
  readonly #streams: Map<string, StreamMark>

  private constructor(
    key: string,
    stored: StoredGroup | undefined,
    parts: { ids: IdBook; finalMs: EpochMs },
  ) {
    this.#key = key
    this.finalMs = parts.finalMs
    this.ids = parts.ids
    this.reports = new ReportBook(stored?.reports, stored?.labels)
    this.isStored = stored !== undefined
    this.#streams = new Map(stored?.streams ?? [])
  }

  /** As the last commit left it; `fromMs` where nothing was, or where what is there ends earlier. */
  static async load(context: RunContext, key: string, fromMs: EpochMs): Promise<GroupState> {
    // Written by save alone.
    const stored = (await context.load(key)) as unknown as StoredGroup | undefined
    const ids = await IdBook.load(stored?.ids ?? {}, async (minuteMs, index) =>
      context.load(idKey(key, minuteMs, index)),
    )
    return new GroupState(key, stored, { ids, finalMs: Math.max(stored?.finalMs ?? fromMs, fromMs) })
  }

  streamOf(name: string): StreamMark {
    return this.#streams.get(name) ?? NEW_STREAM
  }

  keepStream(name: string, mark: StreamMark): void {
    // Deleted first, so that the order is that of use.
    this.#streams.delete(name)
    this.#streams.set(name, mark)
    const [oldest] = this.#streams.keys()
    if (this.#streams.size > MAX_STREAMS && oldest !== undefined) this.#streams.delete(oldest)
  }

  /** Everything before is read for good; gives the minutes of reports that this makes final. */
  settle(finalMs: EpochMs): readonly FunctionMinute[] {
    this.finalMs = Math.max(this.finalMs, finalMs)
    this.ids.dropBefore(this.finalMs)
    for (const [name, { carry, latestMs }] of this.#streams) {
      const keepMs = hasNothing(carry) ? 0 : KEEP_STREAM_MS
      if (latestMs < this.finalMs - keepMs) this.#streams.delete(name)
    }
    return this.reports.takeFinal(this.finalMs)
  }

  /** Whether nothing is open: then a group that was never stored needs no value of its own. */
  get isQuiet(): boolean {
    return this.ids.isEmpty && this.reports.isEmpty
  }

  /** What is to be committed with the points that it stands for. */
  save(): Readonly<Record<string, Json>> {
    const { header, state } = this.ids.save((minuteMs, index) => idKey(this.#key, minuteMs, index))
    const value: StoredGroup = {
      finalMs: this.finalMs,
      ids: header,
      ...this.reports.save(),
      streams: [...this.#streams],
    }
    this.isStored = true
    return { ...state, [this.#key]: value as unknown as Json }
  }
}
