import { type EpochMs, HOUR_MS, MINUTE_MS } from '../../core/time.ts'
import type { Invocation } from './invocations.ts'
import { type Lambda, PROVISIONED_INSTANCES } from './lambda.ts'
import { createRandom, mixSeed } from './random.ts'
import { ALL_TRAFFIC } from './series.ts'

/** The samples of one lambda in one minute: metric and route → values, in the order of their making. */
export type LambdaMinute = ReadonlyMap<string, readonly number[]>

/** What a minute is made from. */
export interface MinuteInput {
  readonly lambda: Lambda
  readonly minuteMs: EpochMs
  /** Those that start in this minute. */
  readonly invocations: readonly Invocation[]
  /** Those that run at any time in this minute, the former included. */
  readonly running: readonly Invocation[]
}

type Add = (metric: string, value: number, route?: string) => void

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
function routesOf(lambda: Lambda, invocation: Invocation): readonly string[] {
  if (lambda.trait !== 'provisioned') return [ALL_TRAFFIC]
  if (invocation.route === 'unqualified') return [ALL_TRAFFIC, 'unqualified']
  return [ALL_TRAFFIC, 'live', invocation.route]
}

function addCore(input: MinuteInput, add: Add): void {
  for (const invocation of input.invocations) {
    const concurrency = countRunning(input.running, invocation.startMs)
    for (const route of routesOf(input.lambda, invocation)) {
      add('Invocations', 1, route)
      add('Errors', invocation.isError ? 1 : 0, route)
      add('Throttles', 0, route)
      add('Duration', invocation.durationMs, route)
      add('ConcurrentExecutions', concurrency, route)
    }
  }
}

function addProvisioned(input: MinuteInput, add: Add): void {
  const aliased = input.running.filter((invocation) => invocation.route !== 'unqualified')
  for (const invocation of input.invocations) {
    if (invocation.route === 'unqualified') continue
    const inUse = Math.min(countRunning(aliased, invocation.startMs), PROVISIONED_INSTANCES)
    add('ProvisionedConcurrencyInvocations', 1, 'live')
    add('ProvisionedConcurrentExecutions', inUse, 'live')
    add('ProvisionedConcurrencyUtilization', inUse / PROVISIONED_INSTANCES, 'live')
  }
  if (isRareMinute(input)) add('ProvisionedConcurrencySpilloverInvocations', 1, 'live')
}

function addAsync(input: MinuteInput, add: Add, random: () => number): void {
  for (const _ of input.invocations) {
    add('AsyncEventsReceived', 1)
    add('AsyncEventAge', Math.floor(random() ** 3 * 20_000))
  }
  if (!isRareMinute(input)) return
  for (const metric of ['AsyncEventsDropped', 'DeadLetterErrors', 'DestinationDeliveryFailures']) {
    add(metric, 1)
  }
}

function addUrl(input: MinuteInput, add: Add, random: () => number): void {
  for (const invocation of input.invocations) {
    add('UrlRequestCount', 1)
    add('Url4xxCount', random() < 0.05 ? 1 : 0)
    add('Url5xxCount', invocation.isError ? 1 : 0)
    add('UrlRequestLatency', invocation.durationMs + 1.5)
  }
}

function addMapping(input: MinuteInput, add: Add, random: () => number): void {
  for (const invocation of input.invocations) {
    const polled = 1 + Math.floor(random() * 10)
    const filtered = Math.floor(random() * polled)
    add('PolledEventCount', polled)
    add('FilteredOutEventCount', filtered)
    add('InvokedEventCount', polled - filtered)
    add('FailedInvokeEventCount', invocation.isError ? polled - filtered : 0)
    add('DeletedEventCount', invocation.isError ? 0 : polled - filtered)
  }
}

function addTrait(input: MinuteInput, add: Add): void {
  const { lambda, minuteMs, invocations } = input
  const random = createRandom(mixSeed(lambda.seed, -minuteMs / MINUTE_MS))
  switch (lambda.trait) {
    case 'provisioned':
      return addProvisioned(input, add)
    case 'async':
      return addAsync(input, add, random)
    case 'url':
      return addUrl(input, add, random)
    case 'mapping':
      return addMapping(input, add, random)
    case 'stream':
      return invocations.forEach(() => add('IteratorAge', Math.floor(random() ** 4 * 60_000)))
    case 'kafka':
      return invocations.forEach(() => add('OffsetLag', Math.floor(random() * 500)))
    case 'extension':
      return invocations.forEach(() => add('PostRuntimeExtensionsDuration', Math.ceil(random() * 80) / 4))
    case 'recursive':
      return isRareMinute(input) ? add('RecursiveInvocationsDropped', 1) : undefined
    case 'throttled':
      // Refused requests are no invocations: Throttles alone counts them, on top of a 0 for each that ran.
      return Array.from({ length: Math.floor(random() * 4) }).forEach(() => add('Throttles', 1))
    case 'plain':
    case 'long':
    case 'image':
      return undefined
  }
}

/** Every sample of a lambda's minute. Pure: the same input gives the same samples. */
export function deriveMinute(input: MinuteInput): LambdaMinute {
  const samples = new Map<string, number[]>()
  const add: Add = (metric, value, route = ALL_TRAFFIC) => {
    const key = sampleKey(metric, route)
    const values = samples.get(key)
    if (values === undefined) samples.set(key, [value])
    else values.push(value)
  }
  addCore(input, add)
  addTrait(input, add)
  return samples
}
