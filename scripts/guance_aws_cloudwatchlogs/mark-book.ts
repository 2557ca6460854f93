import { alignDown, type EpochMs, type Json, MINUTE_MS, type RunContext } from 'guance-aws-lambda/dff'
import { keepList, loadList } from './chunked-state.ts'
import type { LogGroup } from './log-group.ts'
import type { GroupMark } from './turns.ts'

type StoredMark = readonly [
  id: string,
  finalMs: EpochMs,
  sinceMs: EpochMs,
  seenMs: EpochMs | null,
  /** Null in what an earlier version stored. */
  isNamed?: boolean | null,
  linedMs?: EpochMs | null,
  linedAs?: string | null,
]

/** A group that is seen for the first time begins so long before: no function is listed later than that. */
const FIRST_LOOK_MS = 30 * MINUTE_MS

/** What is known of all groups of a region. */
export interface MarkHead {
  /** Whether points of reports were ever committed. */
  readonly hasReports?: boolean
  /** When functions were listed whose groups all have marks. */
  readonly listedAtMs?: EpochMs
}

function markKey(scope: string): string {
  return `log-marks/${scope}`
}

/** Marks of a region's groups; a hint where a group has state of its own, which goes with its points. */
export class MarkBook {
  readonly #key: string
  readonly #marks: Map<string, GroupMark>
  /** Ids of groups that the configuration named when the marks were kept last. */
  readonly #named: ReadonlySet<string>
  readonly #chunks: number
  #head: MarkHead
  /** Where a new group begins. */
  readonly #newFromMs: EpochMs

  private constructor(
    key: string,
    parts: {
      marks: Map<string, GroupMark>
      named: ReadonlySet<string>
      head: MarkHead
      chunks: number
      newFromMs: EpochMs
    },
  ) {
    this.#key = key
    this.#marks = parts.marks
    this.#named = parts.named
    this.#chunks = parts.chunks
    this.#head = parts.head
    this.#newFromMs = parts.newFromMs
  }

  static async load(context: RunContext, scope: string): Promise<MarkBook> {
    const key = markKey(scope)
    const kept = await loadList<MarkHead, StoredMark>(context, key)
    const marks = new Map(
      (kept?.items ?? []).map(([id, finalMs, sinceMs, seenMs, , linedMs, linedAs]): [string, GroupMark] => [
        id,
        {
          finalMs,
          sinceMs,
          ...(seenMs === null ? {} : { seenMs }),
          ...(typeof linedMs === 'number' ? { linedMs } : {}),
          ...(typeof linedAs === 'string' ? { linedAs } : {}),
        },
      ]),
    )
    const firstMs = context.triggerTimeMs - FIRST_LOOK_MS
    const head = kept?.head ?? {}
    // What is new came after the listing before.
    const newFromMs = Math.min(firstMs, head.listedAtMs ?? firstMs)
    const named = new Set(
      (kept?.items ?? []).flatMap(([id, , , , isNamed]) => (isNamed === true ? [id] : [])),
    )
    return new MarkBook(key, {
      marks,
      named,
      head,
      chunks: kept?.chunks ?? 0,
      newFromMs: alignDown(newFromMs, MINUTE_MS),
    })
  }

  markOf({ id }: Pick<LogGroup, 'id'>): GroupMark {
    return this.#marks.get(id) ?? { finalMs: this.#newFromMs, sinceMs: this.#newFromMs }
  }

  noteReports(): void {
    this.#head = { ...this.#head, hasReports: true }
  }

  get hasReports(): boolean {
    return this.#head.hasReports === true
  }

  /** When lines of any group were written last; 0 where none ever were. */
  get linedMs(): EpochMs {
    return [...this.#marks.values()].reduce((latest, { linedMs = 0 }) => Math.max(latest, linedMs), 0)
  }

  /** Groups whose lines were written later than that, with the measurement of the last where it is not the group's name. */
  linedAfter(timeMs: EpochMs): readonly { readonly id: string; readonly linedAs: string | undefined }[] {
    return [...this.#marks].flatMap(([id, { linedMs, linedAs }]) =>
      linedMs !== undefined && linedMs > timeMs ? [{ id, linedAs }] : [],
    )
  }

  /** Ids of groups that were known when the marks were kept last, but for those that were named. */
  known(): Iterable<string> {
    return [...this.#marks.keys()].filter((id) => !this.#named.has(id))
  }

  set({ id }: Pick<LogGroup, 'id'>, mark: GroupMark): void {
    this.#marks.set(id, mark)
  }

  /** State that keeps the marks of these groups and forgets others; `listedAtMs` is of the functions among them. */
  save(groups: readonly LogGroup[], listedAtMs?: EpochMs): Readonly<Record<string, Json>> {
    const items = groups.map((group): StoredMark => {
      const { finalMs, sinceMs, seenMs, linedMs, linedAs } = this.markOf(group)
      return [group.id, finalMs, sinceMs, seenMs ?? null, group.isNamed, linedMs ?? null, linedAs ?? null]
    })
    return keepList(
      this.#key,
      { head: { ...this.#head, ...(listedAtMs === undefined ? {} : { listedAtMs }) }, items },
      this.#chunks,
    )
  }
}
