import { alignDown, DAY_MS, type EpochMs, MINUTE_MS, SECOND_MS } from '../../core/time.ts'
import { existsAt } from './change.ts'
import type { Fleet } from './fleet.ts'
import { createGenerationCache, type GenerationCache } from './generation-cache.ts'
import { drawInvocations, type Invocation, longestMs } from './invocations.ts'
import type { Lambda } from './lambda.ts'
import type { LogOptions } from './log-options.ts'
import { drawRun, type LogRun } from './log-run.ts'
import { type LogText, writeJson, writeText } from './log-text.ts'
import { mixSeed } from './random.ts'
import type { Truth } from './truth.ts'

/** One event of CloudWatch Logs. */
export interface LogEvent {
  readonly eventId: string
  readonly lambda: Lambda
  readonly group: string
  readonly stream: string
  readonly timestampMs: EpochMs
  /** From then on it is found. */
  readonly ingestedMs: EpochMs
  readonly message: string
}

/** Where events are looked for, by their own time, both ends included. */
export interface LogSpan {
  readonly startMs: EpochMs
  readonly endMs: EpochMs
}

/** What CloudWatch Logs holds. Nothing is stored: everything follows from the invocations and the options. */
export interface Logs {
  readonly options: LogOptions
  /** For the past, too. */
  setOptions(options: LogOptions): void
  /** Groups that somebody deleted: `account/region/name`. */
  readonly deleted: Set<string>
  /** The group that a function writes into. */
  groupOf(lambda: Lambda): string
  /** Those of a group, in the order of the fleet; undefined for a group that does not exist at `nowMs`. */
  writers(
    place: { readonly accountId: string; readonly region: string; readonly group: string },
    nowMs: EpochMs,
  ): readonly Lambda[] | undefined
  /** Everything that these functions ever write in a span, by time and id, ingested or not. */
  events(lambdas: readonly Lambda[], span: LogSpan): readonly LogEvent[]
  /** What is reported in a span. */
  runs(lambda: Lambda, span: LogSpan): readonly LogRun[]
}

/** Events of one lambda and minute are some KB. */
const CACHED_MINUTES = 4_000

const TO_UNIT = 2 ** -32
const SHARED_GROUP = '/shared/functions'
const JSON_SALT = 31
const SHARED_SALT = 37
const DELAY_SALT = 41

interface Written {
  readonly run: LogRun
  readonly slot: number
  readonly nth: number
}

function isDrawn(seed: number, salt: number, share: number): boolean {
  return mixSeed(seed, salt) * TO_UNIT < share
}

/** Instances run one invocation at a time; whoever is free takes the next. */
function assignSlots(invocations: readonly Invocation[]): readonly number[] {
  const busyUntilMs: number[] = []
  return invocations.map(({ startMs, endMs }) => {
    const free = busyUntilMs.findIndex((untilMs) => untilMs < startMs)
    const slot = free < 0 ? busyUntilMs.length : free
    busyUntilMs[slot] = Math.ceil(endMs)
    return slot
  })
}

function digits(value: number, length: number): string {
  return String(value).padStart(length, '0')
}

/** 56 digits, as AWS's are; unique by function, minute and number within it. */
function makeEventId(lambda: Lambda, minuteMs: EpochMs, number: number): string {
  const seed = mixSeed(lambda.seed, number)
  return `3${digits(lambda.id, 9)}${digits(minuteMs / MINUTE_MS, 10)}${digits(number, 8)}${digits(seed, 10)}${digits(mixSeed(seed, 1), 10)}00000000`
}

class DerivedLogs implements Logs {
  options: LogOptions
  readonly deleted = new Set<string>()
  readonly #truth: Pick<Truth, 'fleet'>
  #fleet: Fleet | undefined
  #groups = new Map<string, ReadonlyMap<string, readonly Lambda[]>>()
  #minutes: GenerationCache<string, readonly LogEvent[]> = createGenerationCache(CACHED_MINUTES)

  constructor(truth: Pick<Truth, 'fleet'>, options: LogOptions) {
    this.#truth = truth
    this.options = options
  }

  /** A change makes another fleet; what was derived of the one before is forgotten. */
  #renew(): void {
    const { fleet } = this.#truth
    if (fleet === this.#fleet) return
    this.#fleet = fleet
    this.#forget()
  }

  setOptions(options: LogOptions): void {
    this.options = options
    this.#forget()
  }

  #forget(): void {
    this.#groups = new Map()
    this.#minutes = createGenerationCache(CACHED_MINUTES)
  }

  groupOf(lambda: Lambda): string {
    if (isDrawn(lambda.seed, SHARED_SALT, this.options.sharedShare)) return SHARED_GROUP
    return `/aws/lambda/${lambda.name}`
  }

  writers(
    {
      accountId,
      region,
      group,
    }: { readonly accountId: string; readonly region: string; readonly group: string },
    nowMs: EpochMs,
  ): readonly Lambda[] | undefined {
    this.#renew()
    if (this.deleted.has(`${accountId}/${region}/${group}`)) return undefined
    const key = `${accountId}/${region}`
    const groups =
      this.#groups.get(key) ??
      Map.groupBy(
        this.#truth.fleet.lambdas(accountId, region).filter(({ isActive }) => isActive),
        (lambda) => this.groupOf(lambda),
      )
    this.#groups.set(key, groups)
    const writers = groups.get(group)
    // A group is made by its first event; that of a deleted function stays.
    const isMade = writers?.some(
      (lambda) => existsAt(lambda, nowMs) || lambda.changes.some(({ atMs }) => atMs <= nowMs),
    )
    return isMade === true ? writers : undefined
  }

  events(lambdas: readonly Lambda[], { startMs, endMs }: LogSpan): readonly LogEvent[] {
    this.#renew()
    const found: LogEvent[] = []
    const isInside = ({ timestampMs }: LogEvent): boolean => timestampMs >= startMs && timestampMs <= endMs
    for (const lambda of lambdas) {
      for (const minuteMs of this.#minutesOf(lambda, { startMs, endMs })) {
        found.push(...this.#eventsOf(lambda, minuteMs).filter(isInside))
      }
    }
    return found.toSorted(
      (left, right) => left.timestampMs - right.timestampMs || (left.eventId < right.eventId ? -1 : 1),
    )
  }

  runs(lambda: Lambda, span: LogSpan): readonly LogRun[] {
    return this.#minutesOf(lambda, span)
      .flatMap((minuteMs) => this.#written(lambda, minuteMs))
      .map(({ run }) => run)
      .filter(({ reportMs }) => reportMs >= span.startMs && reportMs <= span.endMs)
  }

  /** Minutes in which an invocation may have started that writes in the span. */
  #minutesOf(lambda: Lambda, { startMs, endMs }: LogSpan): readonly EpochMs[] {
    const firstMs = alignDown(startMs - longestMs(lambda) - SECOND_MS, MINUTE_MS)
    const count = Math.floor((endMs - firstMs) / MINUTE_MS) + 1
    const sinceMs = this.#truth.fleet.options.sinceMs ?? Number.NEGATIVE_INFINITY
    return Array.from({ length: Math.max(count, 0) }, (_, index) => firstMs + index * MINUTE_MS).filter(
      (minuteMs) => minuteMs >= sinceMs,
    )
  }

  #written(lambda: Lambda, minuteMs: EpochMs): readonly Written[] {
    const invocations = drawInvocations(lambda, minuteMs)
    const slots = assignSlots(invocations)
    return invocations.map((invocation, nth) => ({
      run: drawRun(lambda, invocation, nth, this.options),
      slot: slots[nth] ?? 0,
      nth,
    }))
  }

  #eventsOf(lambda: Lambda, minuteMs: EpochMs): readonly LogEvent[] {
    const key = `${lambda.id} ${minuteMs}`
    const known = this.#minutes.get(key)
    if (known !== undefined) return known
    const isJson = isDrawn(lambda.seed, JSON_SALT, this.options.jsonShare)
    let number = 0
    const events = this.#written(lambda, minuteMs).flatMap(({ run, slot }) =>
      (isJson ? writeJson(run) : writeText(run)).map((text): LogEvent => {
        number += 1
        return this.#place(lambda, { minuteMs, run, slot, number }, text)
      }),
    )
    return this.#minutes.put(key, events)
  }

  #place(
    lambda: Lambda,
    at: { readonly minuteMs: EpochMs; readonly run: LogRun; readonly slot: number; readonly number: number },
    { timestampMs, message }: LogText,
  ): LogEvent {
    const { minuteMs, run, slot, number } = at
    const group = this.groupOf(lambda)
    const day = new Date(minuteMs).toISOString().slice(0, 10).replaceAll('-', '/')
    const owner = group === SHARED_GROUP ? lambda.name : ''
    const instance = mixSeed(mixSeed(lambda.seed, minuteMs / MINUTE_MS), slot)
      .toString(16)
      .padStart(32, '0')
    return {
      eventId: makeEventId(lambda, minuteMs, number),
      lambda,
      group,
      stream: `${day}/${owner}[${run.version}]${instance}`,
      timestampMs,
      ingestedMs: timestampMs + this.#delayMs(mixSeed(lambda.seed, minuteMs / MINUTE_MS), number),
      message,
    }
  }

  #delayMs(seed: number, number: number): number {
    const { minDelaySec, maxDelaySec, lateShare, maxLateSec } = this.options
    const drawn = mixSeed(seed, DELAY_SALT + number)
    const isLate = drawn * TO_UNIT < lateShare
    const [least, most] = isLate ? [maxDelaySec, maxLateSec] : [minDelaySec, maxDelaySec]
    return Math.floor((least + mixSeed(drawn, 1) * TO_UNIT * Math.max(0, most - least)) * SECOND_MS)
  }
}

/** The first instant of which anything is kept. */
export function retainedFromMs({ retentionDays }: LogOptions, nowMs: EpochMs): EpochMs {
  return nowMs - retentionDays * DAY_MS
}

/** Creates the logs of a fleet; they follow its changes. */
export function createLogs(truth: Pick<Truth, 'fleet'>, options: LogOptions): Logs {
  return new DerivedLogs(truth, options)
}
