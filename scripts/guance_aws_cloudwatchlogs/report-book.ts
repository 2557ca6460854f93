import { alignDown, type EpochMs, MINUTE_MS } from 'guance-aws-lambda/dff'
import type { Report } from './report-kind.ts'
import { EMPTY_MINUTE, mergeMinutes, minuteOf, type ReportMinute } from './report-minute.ts'

/** What was known of a function when one of its minutes was begun: under other tags the minute would be a second line. */
export interface Label {
  readonly tags: Readonly<Record<string, string>>
  readonly architecture?: string
}

/** Open minutes of the functions that write into a group, by function and time. */
export type OpenReports = Readonly<Record<string, Readonly<Record<string, ReportMinute>>>>

/** Labels of those minutes by function, each with the minutes that have it. */
export type OpenLabels = Readonly<
  Record<string, readonly (readonly [label: Label, minutesMs: readonly EpochMs[]])[]>
>

/** One function's minute; without a label it was begun by an earlier version. */
export interface FunctionMinute {
  readonly functionName: string
  readonly minuteMs: EpochMs
  readonly minute: ReportMinute
  readonly label?: Label | undefined
}

interface OpenMinute {
  readonly minute: ReportMinute
  readonly label: Label | undefined
}

function labelsOf(labels: OpenLabels, functionName: string): ReadonlyMap<EpochMs, Label> {
  // Of an earlier version there are none; a function may be called `constructor`.
  const own = Object.hasOwn(labels, functionName) ? (labels[functionName] ?? []) : []
  return new Map(own.flatMap(([label, minutesMs]) => minutesMs.map((minuteMs) => [minuteMs, label] as const)))
}

/** Each label once: tags are far longer than the minutes that share them. */
function groupLabels(
  minutes: ReadonlyMap<EpochMs, OpenMinute>,
): readonly (readonly [Label, readonly EpochMs[]])[] {
  const groups = new Map<string, readonly [Label, EpochMs[]]>()
  for (const [minuteMs, { label }] of minutes) {
    if (label === undefined) continue
    const key = JSON.stringify(label)
    const group = groups.get(key) ?? ([label, []] as const)
    groups.set(key, group)
    group[1].push(minuteMs)
  }
  return [...groups.values()]
}

/** Adds reports up until their minutes are final. */
export class ReportBook {
  readonly #minutes = new Map<string, Map<EpochMs, OpenMinute>>()
  readonly #changed = new Map<ReportMinute, FunctionMinute>()

  constructor(open: OpenReports = {}, labels: OpenLabels = {}) {
    for (const [functionName, minutes] of Object.entries(open)) {
      const known = labelsOf(labels, functionName)
      const entries = Object.entries(minutes).map(
        ([minute, sums]) => [Number(minute), { minute: sums, label: known.get(Number(minute)) }] as const,
      )
      this.#minutes.set(functionName, new Map(entries))
    }
  }

  get isEmpty(): boolean {
    return this.#minutes.size === 0
  }

  /** A report counts in the minute of its own event, which is when the invocation ended; the first one gives it its label. */
  add(functionName: string, timeMs: EpochMs, { report, label }: { report: Report; label: Label }): void {
    const minuteMs = alignDown(timeMs, MINUTE_MS)
    const minutes = this.#minutes.get(functionName) ?? new Map<EpochMs, OpenMinute>()
    this.#minutes.set(functionName, minutes)
    const before = minutes.get(minuteMs) ?? { minute: EMPTY_MINUTE, label }
    const open = { minute: mergeMinutes(before.minute, minuteOf(report)), label: before.label }
    minutes.set(minuteMs, open)
    this.#changed.delete(before.minute)
    this.#changed.set(open.minute, { functionName, minuteMs, ...open })
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
      for (const [minuteMs, open] of minutes) {
        if (minuteMs >= finalMs) continue
        final.push({ functionName, minuteMs, ...open })
        minutes.delete(minuteMs)
        this.#changed.delete(open.minute)
      }
      if (minutes.size === 0) this.#minutes.delete(functionName)
    }
    return final.toSorted((left, right) => left.minuteMs - right.minuteMs)
  }

  save(): { readonly reports: OpenReports; readonly labels: OpenLabels } {
    const reports = [...this.#minutes].map(([functionName, minutes]) => [
      functionName,
      Object.fromEntries([...minutes].map(([minuteMs, { minute }]) => [minuteMs, minute])),
    ])
    const labels = [...this.#minutes].map(([functionName, minutes]) => [functionName, groupLabels(minutes)])
    return { reports: Object.fromEntries(reports), labels: Object.fromEntries(labels) }
  }
}
