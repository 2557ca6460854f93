import { MINUTE_MS, type Problem, type RunContext } from 'guance-aws-lambda/dff'
import { type AwsFailure, makeProblem, type RegionResult } from 'guance-aws-lambda/sets/guance_integration'
import type { LogGroup } from './log-group.ts'
import type { GroupResult } from './read-group.ts'

/** So many are named; the rest is counted. */
const MAX_NAMED = 5

/** In a row: then it is the region and not a group. */
const MAX_FAILURES_IN_A_ROW = 25

/** A policy may allow some groups alone: where one was read, a refusal says nothing of the others. */
function isOfGroup({ kind }: AwsFailure): boolean {
  return kind === 'forbidden' || kind === 'invalid'
}

function name(names: readonly string[]): string {
  const rest = names.length - MAX_NAMED
  return `${names.slice(0, MAX_NAMED).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`
}

/** FilterLogEvents answers for groups of the class Standard alone. */
function isOfOtherClass({ kind, cause }: AwsFailure): boolean {
  return kind === 'invalid' && cause instanceof Error && cause.name === 'InvalidOperationException'
}

function wholeMinutes(spanMs: number): number {
  return Math.floor(spanMs / MINUTE_MS)
}

interface Failure {
  readonly group: LogGroup
  readonly error: AwsFailure
}

/** What became of a region's groups in a run. */
export class ReadTally {
  readonly #failures: Failure[] = []
  readonly #missing: string[] = []
  readonly #unfinished: string[] = []
  readonly #unreadable: string[] = []
  #inARow = 0
  #late = 0
  #restHidden = 0
  #latestMs = 0
  readonly #busy: string[] = []
  #busyMs = Infinity
  groups = 0
  events = 0

  add(group: LogGroup, result: GroupResult): void {
    const { events, late, latestMs, restHidden, isMissing, isUnfinished, busyMs } = result
    this.#inARow = 0
    this.groups += 1
    this.events += events
    this.#late += late
    this.#restHidden += restHidden
    this.#latestMs = Math.max(this.#latestMs, latestMs)
    // A function that never ran has no group.
    if (isMissing && group.isNamed) this.#missing.push(group.name)
    if (isUnfinished) this.#unfinished.push(group.name)
    if (busyMs === undefined) return
    this.#busy.push(group.name)
    this.#busyMs = Math.min(this.#busyMs, busyMs)
  }

  /** Notes what failed of one group; throws it where going on would fail for every other group as well. */
  fail(group: LogGroup, error: AwsFailure): void {
    if (isOfOtherClass(error)) {
      this.#unreadable.push(group.name)
      return
    }
    this.#failures.push({ group, error })
    if (this.groups === 0 || !isOfGroup(error)) this.#inARow += 1
    const isOfRegion = error.kind === 'credentials' || error.kind === 'region-not-enabled'
    if (isOfRegion || this.#inARow >= MAX_FAILURES_IN_A_ROW) throw error
  }

  skip(group: LogGroup): void {
    this.#unfinished.push(group.name)
  }

  /** Names each cause once, however many groups it hit. */
  #reportFailures(context: RunContext, scope: string): void {
    for (const failures of Map.groupBy(
      this.#failures,
      ({ error }) => `${error.kind} ${error.action}`,
    ).values()) {
      const [first] = failures
      if (first === undefined) continue
      const problem = makeProblem(first.error, scope)
      const names = name(failures.map(({ group }) => group.name))
      context.report({ ...problem, message: `${problem.message} Not read: ${names}.` })
    }
  }

  report(context: RunContext, scope: string, latenessMs: number): void {
    this.#reportFailures(context, scope)
    const warn = (code: string, message: string): void =>
      context.report({ code, severity: 'warning', scope, message })
    if (this.#missing.length > 0) {
      warn(
        'log-group-missing',
        `There is no such log group: ${name(this.#missing)}. Correct or remove it in log_groups.`,
      )
    }
    if (this.#unreadable.length > 0) {
      warn(
        'log-group-class',
        `FilterLogEvents does not read groups of the class Infrequent Access: ${name(this.#unreadable)}. Give the function a group of the class Standard, or leave it out in auto.functions.`,
      )
    }
    if (this.#unfinished.length > 0) {
      warn(
        'logs-unfinished',
        `The task's time was over before ${name(this.#unfinished)}; the next run goes on where this one ended.`,
      )
    }
    if (this.#busy.length > 0) {
      warn(
        'logs-busy',
        `So many events are in ${name(this.#busy)} that only those of the last ${wholeMinutes(this.#busyMs)} minutes can be told apart: what comes to CloudWatch Logs later after its time is not found, and not only what comes later than maxLatenessMin (${latenessMs / MINUTE_MS}). Let less be written there, name some of its streams in log_streams, or leave the group out.`,
      )
    }
    if (this.#restHidden > 0) {
      warn(
        'logs-hidden',
        `A pattern of redact would have taken too long over ${this.#restHidden} messages, whose ends are hidden unsearched (rest_hidden). Let the pattern end where what it hides ends, without a part like (.*;)? behind it.`,
      )
    }
    if (this.#late === 0) return
    const minutes = Math.ceil(this.#latestMs / MINUTE_MS)
    warn(
      'logs-late',
      `${this.#late} events came to CloudWatch Logs up to ${minutes} minutes after their time, later than maxLatenessMin (${latenessMs / MINUTE_MS}). A poll in time does not find such events: raise maxLatenessMin.`,
    )
  }

  result(scope: string, points: number, isDegraded: boolean): RegionResult {
    const [first] = this.#failures
    if (this.groups === 0 && first !== undefined) {
      const problem: Problem = makeProblem(first.error, scope)
      return { kind: 'failed', scope, problem }
    }
    return { kind: isDegraded ? 'degraded' : 'collected', scope, points }
  }
}
