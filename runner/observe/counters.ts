import { type EpochMs, SECOND_MS } from '../../core/time.ts'
import type { TaskRecord } from '../host-api.ts'
import type { SendResult } from '../sink/sink.ts'

export type Labels = Readonly<Record<string, string>>

/** One counted thing: what it is told apart by, and how many. */
export interface Count {
  readonly labels: Labels
  readonly value: number
}

/** What is counted; the words of observe/families.ts say more. */
export type CountName =
  | 'tasks'
  | 'points'
  | 'calls'
  | 'billed'
  | 'deliveries'
  | 'problems'
  | 'exceptions'
  | 'waitMs'
  | 'runMs'

/** Upper bounds in seconds: from a poll of a small account to the longest timeout of DFF.API. */
export const BOUNDS_SEC = [0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600] as const

/** How long something took, of one function. */
export interface Distribution {
  readonly funcId: string
  /** Not cumulative; one more than BOUNDS_SEC, the last for what is longer than all. */
  readonly counts: readonly number[]
  readonly sumSec: number
}

/** Names of problems, exceptions and APIs come from scripts: a script that makes them up must not make the host grow. */
const MAX_LABEL_SETS = 500
const MAX_LABEL_LENGTH = 120
const OTHER = 'other'

interface MutableCount {
  readonly labels: Labels
  value: number
}

class Table {
  readonly #rows = new Map<string, MutableCount>()

  add(labels: Labels, by: number): void {
    const key = JSON.stringify(labels)
    const known = this.#rows.get(key)
    if (known !== undefined) known.value += by
    else if (this.#rows.size < MAX_LABEL_SETS) this.#rows.set(key, { labels, value: by })
    else this.#addOther(Object.keys(labels), by)
  }

  read(): readonly Count[] {
    return [...this.#rows.values()].map((row) => ({ ...row }))
  }

  #addOther(names: readonly string[], by: number): void {
    const labels = Object.fromEntries(names.map((name) => [name, OTHER]))
    const key = JSON.stringify(labels)
    const row = this.#rows.get(key) ?? { labels, value: 0 }
    row.value += by
    this.#rows.set(key, row)
  }
}

class Durations {
  readonly #rows = new Map<string, { counts: number[]; sumSec: number }>()

  add(funcId: string, ms: number): void {
    const row = this.#rows.get(funcId) ?? { counts: [...BOUNDS_SEC, Infinity].map(() => 0), sumSec: 0 }
    this.#rows.set(funcId, row)
    // A clock that was set back between the two times must not make a sum shrink.
    const seconds = Math.max(0, ms) / SECOND_MS
    const index = BOUNDS_SEC.findIndex((bound) => seconds <= bound)
    const at = index === -1 ? BOUNDS_SEC.length : index
    row.counts[at] = (row.counts[at] ?? 0) + 1
    row.sumSec += seconds
  }

  read(): readonly Distribution[] {
    return [...this.#rows].map(([funcId, { counts, sumSec }]) => ({ funcId, counts: [...counts], sumSec }))
  }
}

/** What one owner of a home has counted since it began; nothing of it is stored. */
export class Counters {
  readonly sinceMs: EpochMs
  readonly #tables = new Map<CountName, Table>()
  readonly #runs = new Durations()
  readonly #delays = new Durations()

  constructor(sinceMs: EpochMs) {
    this.sinceMs = sinceMs
  }

  /** A task that has its final status, whether it ran or not. */
  taskEnded(record: TaskRecord): void {
    const { funcId, origin, status, triggerTimeMs, startTimeMs, endTimeMs } = record
    const labels = { func: funcId, origin, status }
    this.#add('tasks', labels)
    if (startTimeMs !== null && endTimeMs !== null) {
      this.#runs.add(funcId, endTimeMs - startTimeMs)
      this.#add('runMs', labels, Math.max(0, endTimeMs - startTimeMs))
      // An Execute may be of any past time; only a tick is due when its time comes.
      if (origin === 'cronJob') this.#delays.add(funcId, startTimeMs - triggerTimeMs)
      if (origin === 'cronJob') this.#add('waitMs', labels, Math.max(0, startTimeMs - triggerTimeMs))
    }
    for (const [category, points] of Object.entries(record.points)) this.#add('points', { category }, points)
    for (const { api, requests, billedMetrics } of record.usage) {
      this.#add('calls', { api }, requests)
      this.#add('billed', { api }, billedMetrics)
    }
    for (const { code, severity } of record.problems) this.#add('problems', { code, severity })
    if (record.exceptionType !== null) this.#add('exceptions', { status, type: record.exceptionType })
  }

  /** One request to a sink. */
  sent(connectorId: string, { kind }: SendResult): void {
    this.#add('deliveries', { connector: connectorId, result: kind })
  }

  read(name: CountName): readonly Count[] {
    return this.#tables.get(name)?.read() ?? []
  }

  /** From a task's start to its end. */
  runs(): readonly Distribution[] {
    return this.#runs.read()
  }

  /** From a tick's time to its task's start. */
  delays(): readonly Distribution[] {
    return this.#delays.read()
  }

  #add(name: CountName, labels: Labels, by = 1): void {
    const table = this.#tables.get(name) ?? new Table()
    this.#tables.set(name, table)
    const cut = Object.entries(labels).map(([key, value]) => [key, value.slice(0, MAX_LABEL_LENGTH)])
    table.add(Object.fromEntries(cut) as Labels, by)
  }
}
