import { alignDown, type EpochMs, MINUTE_MS } from 'guance-aws-lambda/dff'
import type { Report } from './report-kind.ts'
import { EMPTY_MINUTE, mergeMinutes, minuteOf, type ReportMinute } from './report-minute.ts'

/** Open minutes of the functions that write into a group, by function and time. */
export type OpenReports = Readonly<Record<string, Readonly<Record<string, ReportMinute>>>>

/** One function's minute. */
export interface FunctionMinute {
  readonly functionName: string
  readonly minuteMs: EpochMs
  readonly minute: ReportMinute
}

/** Adds reports up until their minutes are final. */
export class ReportBook {
  readonly #minutes = new Map<string, Map<EpochMs, ReportMinute>>()
  readonly #changed = new Map<ReportMinute, FunctionMinute>()

  constructor(open: OpenReports) {
    for (const [functionName, minutes] of Object.entries(open)) {
      const entries = Object.entries(minutes).map(([minute, sums]) => [Number(minute), sums] as const)
      this.#minutes.set(functionName, new Map(entries))
    }
  }

  get isEmpty(): boolean {
    return this.#minutes.size === 0
  }

  /** A report counts in the minute of its own event, which is when the invocation ended. */
  add(functionName: string, timeMs: EpochMs, report: Report): void {
    const minuteMs = alignDown(timeMs, MINUTE_MS)
    const minutes = this.#minutes.get(functionName) ?? new Map<EpochMs, ReportMinute>()
    this.#minutes.set(functionName, minutes)
    const before = minutes.get(minuteMs) ?? EMPTY_MINUTE
    const minute = mergeMinutes(before, minuteOf(report))
    minutes.set(minuteMs, minute)
    this.#changed.delete(before)
    this.#changed.set(minute, { functionName, minuteMs, minute })
  }

  /** Minutes that grew since they were last asked for. */
  takeChanged(): readonly FunctionMinute[] {
    const changed = [...this.#changed.values()]
    this.#changed.clear()
    return changed
  }

  /** Minutes that nothing is added to any more; they are forgotten. */
  takeFinal(finalMs: EpochMs): readonly FunctionMinute[] {
    const final: FunctionMinute[] = []
    for (const [functionName, minutes] of this.#minutes) {
      for (const [minuteMs, minute] of minutes) {
        if (minuteMs >= finalMs) continue
        final.push({ functionName, minuteMs, minute })
        minutes.delete(minuteMs)
        this.#changed.delete(minute)
      }
      if (minutes.size === 0) this.#minutes.delete(functionName)
    }
    return final.toSorted((left, right) => left.minuteMs - right.minuteMs)
  }

  save(): OpenReports {
    return Object.fromEntries(
      [...this.#minutes].map(([functionName, minutes]) => [functionName, Object.fromEntries(minutes)]),
    )
  }
}
