import type { EpochMs } from '../../core/time.ts'
import type { Invocation } from './invocations.ts'
import { type Lambda, makeUuid } from './lambda.ts'
import type { LogOptions } from './log-options.ts'
import { createRandom, mixSeed, type Random } from './random.ts'

/** What the platform reports of one invocation: the truth of REPORT lines and of everything derived from them. */
export interface LogRun {
  readonly requestId: string
  readonly startMs: EpochMs
  /** Where END and REPORT are stamped: whole milliseconds. */
  readonly reportMs: EpochMs
  /** Milliseconds with at most two decimals, as REPORT prints them. */
  readonly durationMs: number
  readonly billedMs: number
  readonly memoryMb: number
  readonly maxMemoryMb: number
  /** Of a cold start. */
  readonly initMs: number | undefined
  readonly status: 'success' | 'error' | 'timeout'
  readonly errorType: string | undefined
  /** Offsets from the start of the lines it writes itself. */
  readonly lineOffsetsMs: readonly number[]
  readonly runtime: string
  readonly version: string
}

const LOG_SALT = 23
/** A failed invocation ran out of memory so often. */
const MEMORY_SHARE = 0.2

function timedOut(lambda: Lambda, { durationMs, isError }: Invocation): boolean {
  const timeouts = [lambda.timeoutSec, ...lambda.versions.map(({ timeoutSec }) => timeoutSec)]
  return isError && timeouts.some((timeoutSec) => durationMs === timeoutSec * 1_000)
}

function drawOffsets(random: Random, spanMs: number, options: LogOptions): readonly number[] {
  const isBurst = random() < options.burstShare
  const count = Math.floor(random() * (options.maxLines + 1))
  const at = (): number => Math.floor(random() * (spanMs + 1))
  const burstMs = at()
  const own = Array.from({ length: count }, at)
  const burst = isBurst ? Array.from({ length: options.burstLines }, () => burstMs) : []
  return [...own, ...burst].toSorted((left, right) => left - right)
}

function errorTypeOf(status: LogRun['status'], isOutOfMemory: boolean): string | undefined {
  if (status !== 'error') return undefined
  return isOutOfMemory ? 'Runtime.OutOfMemory' : 'Runtime.ExitError'
}

/** Draws what is reported of the `nth` invocation that starts in a minute. Pure. */
export function drawRun(lambda: Lambda, invocation: Invocation, nth: number, options: LogOptions): LogRun {
  const { startMs, endMs, durationMs, isError, route } = invocation
  const seed = mixSeed(mixSeed(lambda.seed, LOG_SALT), startMs / 1_000 + nth * 7_919)
  const random = createRandom(seed)
  const initMs = random() < options.coldShare ? 100 + Math.round(random() * 3_200) / 4 : undefined
  const status = timedOut(lambda, invocation) ? 'timeout' : isError ? 'error' : 'success'
  const isOutOfMemory = status === 'error' && random() < MEMORY_SHARE
  const reportMs = Math.ceil(endMs)
  return {
    requestId: makeUuid(seed),
    startMs,
    reportMs,
    durationMs,
    billedMs: Math.ceil(durationMs + (initMs ?? 0)),
    memoryMb: lambda.memoryMb,
    maxMemoryMb: isOutOfMemory ? lambda.memoryMb : Math.ceil(lambda.memoryMb * (0.3 + random() * 0.6)),
    initMs,
    status,
    errorType: errorTypeOf(status, isOutOfMemory),
    lineOffsetsMs: drawOffsets(random, reportMs - startMs, options),
    runtime: lambda.runtime ?? 'image',
    version: route === 'unqualified' ? '$LATEST' : route.slice('live@'.length),
  }
}
