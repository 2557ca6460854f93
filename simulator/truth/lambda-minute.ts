import { type EpochMs, HOUR_MS, MINUTE_MS } from '../../core/time.ts'
import { invocationRate } from './activity.ts'
import type { Invocation } from './invocations.ts'
import { type Lambda, PROVISIONED_INSTANCES } from './lambda.ts'
import type { Lateness, Straggling } from './lateness.ts'
import { createRandom, mixSeed } from './random.ts'
import { makeLateRow, makePunctualRow, type SampleRow } from './sample-row.ts'
import { ALL_TRAFFIC } from './series.ts'

/** What one lambda did in one minute. */
export interface LambdaMinute {
  /** By `sampleKey`. */
  readonly rows: ReadonlyMap<string, SampleRow>
  /** Set when this minute's data come hours late. */
  readonly straggling: Straggling | undefined
}

/** What a minute is made from. */
export interface MinuteInput {
  readonly lambda: Lambda
  readonly minuteMs: EpochMs
  /** Those that start in this minute. */
  readonly invocations: readonly Invocation[]
  /** Those that run at any time in this minute, the former included. */
  readonly running: readonly Invocation[]
}

/** Adds a sample that is known from `readyMs` on: at the start for what is counted at a request, at the end for the rest. */
type Add = (metric: string, value: number, readyMs: EpochMs) => void

/** Samples by `sampleKey`, in the order of their making. Lists are shared between metrics and minutes, never changed. */
type Drafts = Map<string, { readonly values: readonly number[]; readonly readyMs: readonly EpochMs[] }>

const lists = new Map<number, readonly number[]>()

/** The same number many times: one list for all minutes with as many invocations. */
function repeated(value: 0 | 1, length: number): readonly number[] {
  const key = length * 2 + value
  const list = lists.get(key) ?? Array.from({ length }, () => value)
  lists.set(key, list)
  return list
}

/** The key of a LambdaMinute. */
export function sampleKey(metric: string, route: string): string {
  return route === ALL_TRAFFIC ? metric : `${metric}\n${route}`
}

/** How many of these invocations run at an instant. */
export function countRunning(running: readonly Invocation[], atMs: EpochMs): number {
  let count = 0
  for (const { startMs, endMs } of running) if (startMs <= atMs && atMs < endMs) count++
  return count
}

/** A lambda's rare events happen every half hour, at a minute of its own, so that each of these metrics has data in every hour. */
const RARE_EVERY_MS = HOUR_MS / 2

function isRareMinute({ lambda, minuteMs }: MinuteInput): boolean {
  const offsetMs = (lambda.seed % (RARE_EVERY_MS / MINUTE_MS)) * MINUTE_MS
  return minuteMs % RARE_EVERY_MS === offsetMs
}

/** Alias traffic is published three times more: for the alias, and split by the version that ran. */
function routesOf(lambda: Lambda, invocations: readonly Invocation[]): Map<string, readonly Invocation[]> {
  const routes = new Map([[ALL_TRAFFIC, invocations]])
  if (lambda.trait !== 'provisioned') return routes
  routes.set(
    'live',
    invocations.filter(({ route }) => route !== 'unqualified'),
  )
  for (const own of ['unqualified', 'live@1', 'live@2']) {
    routes.set(
      own,
      invocations.filter(({ route }) => route === own),
    )
  }
  return routes
}

/** Refusals and concurrency are known when the request comes, everything else when the invocation has ended. */
function draftCore(input: MinuteInput, drafts: Drafts): void {
  for (const [route, invocations] of routesOf(input.lambda, input.invocations)) {
    if (invocations.length === 0) continue
    const starts = invocations.map(({ startMs }) => startMs)
    const ends = invocations.map(({ endMs }) => endMs)
    const { length } = invocations
    const draft = (metric: string, values: readonly number[], readyMs: readonly EpochMs[]): unknown =>
      drafts.set(sampleKey(metric, route), { values, readyMs })
    const errors = invocations.map(({ isError }) => (isError ? 1 : 0))
    const durations = invocations.map(({ durationMs }) => durationMs)
    const concurrency = starts.map((atMs) => countRunning(input.running, atMs))
    draft('Invocations', repeated(1, length), ends)
    draft('Errors', errors.includes(1) ? errors : repeated(0, length), ends)
    draft('Duration', durations, ends)
    draft('ConcurrentExecutions', concurrency, starts)
    draft('Throttles', repeated(0, length), starts)
  }
}

function addProvisioned(input: MinuteInput, drafts: Drafts): void {
  const add = createAdd(drafts, 'live')
  const aliased = input.running.filter((invocation) => invocation.route !== 'unqualified')
  for (const { route, startMs, endMs } of input.invocations) {
    if (route === 'unqualified') continue
    const inUse = Math.min(countRunning(aliased, startMs), PROVISIONED_INSTANCES)
    add('ProvisionedConcurrencyInvocations', 1, endMs)
    add('ProvisionedConcurrentExecutions', inUse, startMs)
    add('ProvisionedConcurrencyUtilization', inUse / PROVISIONED_INSTANCES, startMs)
  }
  if (isRareMinute(input)) add('ProvisionedConcurrencySpilloverInvocations', 1, input.minuteMs + MINUTE_MS)
}

function addAsync(input: MinuteInput, add: Add, random: () => number): void {
  for (const { startMs } of input.invocations) {
    add('AsyncEventsReceived', 1, startMs)
    add('AsyncEventAge', Math.floor(random() ** 3 * 20_000), startMs)
  }
  if (!isRareMinute(input)) return
  for (const metric of ['AsyncEventsDropped', 'DeadLetterErrors', 'DestinationDeliveryFailures']) {
    add(metric, 1, input.minuteMs + MINUTE_MS)
  }
}

function addUrl(input: MinuteInput, add: Add, random: () => number): void {
  for (const { isError, durationMs, endMs } of input.invocations) {
    add('UrlRequestCount', 1, endMs)
    add('Url4xxCount', random() < 0.05 ? 1 : 0, endMs)
    add('Url5xxCount', isError ? 1 : 0, endMs)
    add('UrlRequestLatency', durationMs + 1.5, endMs)
  }
}

function addMapping(input: MinuteInput, add: Add, random: () => number): void {
  for (const { isError, startMs, endMs } of input.invocations) {
    const polled = 1 + Math.floor(random() * 10)
    const filtered = Math.floor(random() * polled)
    add('PolledEventCount', polled, startMs)
    add('FilteredOutEventCount', filtered, startMs)
    add('InvokedEventCount', polled - filtered, startMs)
    add('FailedInvokeEventCount', isError ? polled - filtered : 0, endMs)
    add('DeletedEventCount', isError ? 0 : polled - filtered, endMs)
  }
}

/** One sample of a metric at each invocation. */
function addEach(input: MinuteInput, add: Add, metric: string, draw: () => number): void {
  for (const { startMs, endMs } of input.invocations)
    add(metric, draw(), metric === 'OffsetLag' ? startMs : endMs)
}

function addTrait(input: MinuteInput, drafts: Drafts): void {
  const { lambda, minuteMs } = input
  const add = createAdd(drafts, ALL_TRAFFIC)
  const random = createRandom(mixSeed(lambda.seed, -minuteMs / MINUTE_MS))
  switch (lambda.trait) {
    case 'provisioned':
      return addProvisioned(input, drafts)
    case 'async':
      return addAsync(input, add, random)
    case 'url':
      return addUrl(input, add, random)
    case 'mapping':
      return addMapping(input, add, random)
    case 'stream':
      return addEach(input, add, 'IteratorAge', () => Math.floor(random() ** 4 * 60_000))
    case 'kafka':
      return addEach(input, add, 'OffsetLag', () => Math.floor(random() * 500))
    case 'extension':
      return addEach(input, add, 'PostRuntimeExtensionsDuration', () => Math.ceil(random() * 80) / 4)
    case 'recursive':
      return isRareMinute(input) ? add('RecursiveInvocationsDropped', 1, minuteMs + MINUTE_MS / 2) : undefined
    case 'throttled':
      // Refused requests are no invocations: Throttles alone counts them, on top of a 0 for each that ran.
      for (let left = Math.floor(random() * 4); left > 0; left--)
        add('Throttles', 1, minuteMs + MINUTE_MS / 2)
      return undefined
    case 'plain':
    case 'long':
    case 'image':
      return undefined
  }
}

function createAdd(drafts: Drafts, route: string): Add {
  return (metric, value, readyMs) => {
    const key = sampleKey(metric, route)
    const draft = drafts.get(key)
    // Rows hold a handful of samples; copying them is cheaper than a list of its own for every row.
    drafts.set(key, {
      values: [...(draft?.values ?? []), value],
      readyMs: [...(draft?.readyMs ?? []), readyMs],
    })
  }
}

/** Every sample of a lambda's minute, and when each is seen. Pure: the same input gives the same samples. */
export function deriveMinute(input: MinuteInput, lateness: Lateness | undefined): LambdaMinute {
  const { lambda, minuteMs } = input
  const drafts: Drafts = new Map()
  if (invocationRate(lambda, minuteMs) > 0) {
    draftCore(input, drafts)
    addTrait(input, drafts)
  }
  const straggling = lateness?.straggling(lambda.seed, minuteMs)
  const rows = new Map<string, SampleRow>()
  for (const [key, { values, readyMs }] of drafts) {
    const delayMs = lateness?.delayMs(lambda.seed, minuteMs, key)
    const row =
      delayMs === undefined
        ? makePunctualRow(values, readyMs, minuteMs + MINUTE_MS)
        : makeLateRow(values, readyMs, { delayMs, straggling })
    rows.set(key, row)
  }
  return { rows, straggling }
}
