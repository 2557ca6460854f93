import { type EpochMs, formatTime, MINUTE_MS, type RunContext, type Window } from 'guance-aws-lambda/dff'
import type { Beyond } from './beyond.ts'
import { nameFields } from './field-set.ts'
import type { Hole } from './holes.ts'
import type { Entry } from './ledger.ts'
import { type Longest, addDuration } from './longest.ts'
import { billedOfRequest, type MetricRequest } from './plan.ts'
import type { Rule } from './rule.ts'

/** What a run saw in one namespace of one region: becomes one problem of each kind, however many lines it is about. */
export class Tally {
  requests = 0
  points = 0
  /** Of all identities: what CloudWatch no longer keeps, and what the store does not take. */
  lostMs = 0
  refusedMs = 0
  /** Identities whose lines wait, and why the first does. */
  waiting = 0
  /** Identities whose lines went out without some of their fields. */
  partial = 0
  reason = ''
  differences = 0
  /** Age of the oldest minute that differs. */
  oldestDifferenceMs = 0
  forbidden = 0
  forbiddenMetric = ''
  /** For the histogram: sampled lines that became final, and how late the late ones were. */
  sampledLines = 0
  readonly lateMs: number[] = []
  longest: Longest = []
  /** The host had no room to remember who sleeps. */
  isMaskLost = false
  /** Metrics to be billed, by rule. */
  readonly billed: Partial<Record<Rule, number>> = {}
  /** Minutes that are complete and final for every identity of the live part: from the latest first look to the earliest watermark. */
  #completeFromMs = 0
  #givenMs = 0
  #digestHours: number | undefined
  readonly #givenFields = new Set<string>()
  #completeThroughMs = Number.MAX_SAFE_INTEGER

  addWatermark({ firstMs, throughMs }: Pick<Entry, 'firstMs' | 'throughMs'>): void {
    this.#completeFromMs = Math.max(this.#completeFromMs, firstMs)
    this.#completeThroughMs = Math.min(this.#completeThroughMs, throughMs)
  }

  /** Undefined when there is no such minute. */
  completeWindow(): Window | undefined {
    const [startMs, endMs] = [this.#completeFromMs, this.#completeThroughMs]
    return startMs > 0 && startMs < endMs ? { startMs, endMs } : undefined
  }

  addBilled(rule: Rule, requests: readonly MetricRequest[]): void {
    this.requests += requests.length
    this.billed[rule] =
      (this.billed[rule] ?? 0) + requests.reduce((sum, one) => sum + billedOfRequest(one), 0)
  }

  /** What the live part is billed, without what is asked once for a function. */
  billedByPolls(): number {
    const { longest: _, ...polls } = this.billed
    return Object.values(polls).reduce((sum, units) => sum + units, 0)
  }

  addBeyond({ lostMs, refusedMs }: Beyond): void {
    this.lostMs += lostMs
    this.refusedMs += refusedMs
  }

  /** The host had no room for more digests than of so many hours. */
  addShortened(hours: number): void {
    this.#digestHours = Math.min(this.#digestHours ?? hours, hours)
  }

  /** A range whose lines stay without some fields. */
  addGiven({ startMs, endMs, fields }: Hole): void {
    this.#givenMs += endMs - startMs
    for (const name of nameFields(fields)) this.#givenFields.add(name)
  }

  addDifference(ageMs: number): void {
    this.differences += 1
    this.oldestDifferenceMs = Math.max(this.oldestDifferenceMs, ageMs)
  }

  addLongest(longest: Longest): void {
    for (const [day, seconds] of longest) this.longest = addDuration(this.longest, day, seconds)
  }

  addReason(reason: string): void {
    // It may be a sentence, and stands within one.
    if (this.reason === '') this.reason = reason.replace(/\.$/, '')
  }

  #reportFull(context: RunContext, scope: string): void {
    if (this.#digestHours !== undefined) {
      context.report({
        code: 'state-full',
        severity: 'error',
        scope,
        message: `What this Startup script keeps between its runs is full. All points are delivered, but of some functions only the last ${this.#digestHours} hours of what was delivered are remembered: what CloudWatch changes later is neither corrected nor told. Collect fewer accounts and regions in one Startup script: a function that is active all the time takes about 9 KB.`,
      })
    }
    if (this.isMaskLost) {
      context.report({
        code: 'state-full',
        severity: 'error',
        scope,
        message:
          'What this Startup script keeps between its runs is full, and who is silent cannot be remembered: all points are delivered, but everybody is asked, as under policy everything, and billed. Collect fewer accounts and regions in one Startup script.',
      })
    }
  }

  /** Reports what is worth a line in the record. */
  report(context: RunContext, scope: string, nowMs: EpochMs): void {
    const warn = (code: string, message: string): void =>
      context.report({ code, severity: 'warning', scope, message })
    if (this.lostMs > 0) {
      warn(
        'gap',
        `${Math.round(this.lostMs / MINUTE_MS)} minutes of functions before ${formatTime(nowMs)} are too old for CloudWatch's one-minute data and stay missing.`,
      )
    }
    if (this.refusedMs > 0) {
      warn(
        'gap',
        `${Math.round(this.refusedMs / MINUTE_MS)} minutes of functions before ${formatTime(nowMs)} are older than the ${context.sink.retentionHours ?? 0} hours that the connector's store takes, and stay missing. If it takes more, say so: dff connector set … --retention HOURS.`,
      )
    }
    if (this.#givenMs > 0) {
      warn(
        'gap',
        `${Math.round(this.#givenMs / MINUTE_MS)} minutes of functions before ${formatTime(nowMs)} were delivered without ${[...this.#givenFields].toSorted().join(', ')}, for which AWS did not answer then, and stay so: this connector's store is not known to replace a line or to add to it. See \`dff connector test --rewrite\`.`,
      )
    }
    if (this.waiting > 0) {
      warn(
        'transient',
        `Queries did not come complete: ${this.reason}. The lines of ${this.waiting} functions wait; the next run asks again.`,
      )
    }
    if (this.partial > 0) {
      warn(
        'incomplete',
        `The lines of ${this.partial} functions went out without the metrics that did not come complete in 3 polls: ${this.reason}.`,
      )
    }
    if (this.differences > 0) {
      warn(
        'late-change',
        `CloudWatch changed ${this.differences} lines after they were published, the oldest ${Math.round(this.oldestDifferenceMs / MINUTE_MS)} minutes after its time. They are not written again, because this connector's store is not known to replace a line: see \`dff why\`, and \`dff connector test --rewrite\`.`,
      )
    }
    this.#reportFull(context, scope)
    if (this.forbidden > 0) {
      context.report({
        code: 'forbidden',
        severity: 'error',
        scope,
        action: 'cloudwatch:GetMetricData',
        message: `AWS answers Forbidden for ${this.forbidden} queries, the first of ${this.forbiddenMetric}; their minutes are left out until they are allowed. Allow cloudwatch:GetMetricData without a condition that excludes them.`,
      })
    }
  }
}
