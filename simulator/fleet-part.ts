import { type EpochMs, MINUTE_MS } from '../core/time.ts'
import {
  checkKeys,
  ControlError,
  flagOf,
  type Input,
  numberOf,
  required,
  shareOf,
  textOf,
  textsOf,
  wordOf,
} from './control/input.ts'
import type { Activity } from './truth/activity.ts'
import type { Change } from './truth/change.ts'
import type { Group } from './truth/group.ts'
import { TRAITS, type Trait } from './truth/lambda.ts'
import { DEFAULT_LATE, type LateOptions } from './truth/lateness.ts'
import { DEFAULT_LOGS, type LogOptions } from './truth/log-options.ts'
import { NO_SERVICES, type ServiceOptions } from './truth/service.ts'

/** The longest timeout that AWS allows. */
const MAX_TIMEOUT_SEC = 900

/** The most memory that AWS gives. */
const MAX_MEMORY_MB = 10_240

/** Says where in a document something cannot be. */
export function at<T>(place: string, parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    if (!(error instanceof ControlError)) throw error
    throw new ControlError(`${place}: ${error.message}`)
  }
}

/** The members of an object inside a document. */
export function objectOf(value: unknown): Input {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
  throw new ControlError(`must be an object, got ${JSON.stringify(value)}`)
}

/** A list inside a document. */
export function listOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value
  throw new ControlError(`must be a list, got ${JSON.stringify(value)}`)
}

function between(value: number | undefined, key: string, least: number, most: number): number | undefined {
  if (value === undefined || (value >= least && value <= most)) return value
  throw new ControlError(`${key} must be from ${least} to ${most}, got ${value}`)
}

function wholeOf(input: Input, key: string, most: number): number | undefined {
  const value = between(numberOf(input, key), key, 1, most)
  if (value === undefined || Number.isInteger(value)) return value
  throw new ControlError(`${key} must be a whole number, got ${value}`)
}

/** Numbers as one or as a list of them. */
function numbersOf(input: Input, key: string, most: number): readonly number[] | undefined {
  const value = input[key]
  if (value === undefined) return undefined
  const list: unknown[] = Array.isArray(value) ? value : [value]
  const numbers = list.filter((each): each is number => typeof each === 'number' && each > 0 && each <= most)
  if (numbers.length === list.length && list.length > 0) return numbers
  throw new ControlError(
    `${key} must be a number above 0 up to ${most} or a list of them, got ${JSON.stringify(value)}`,
  )
}

/** A number, or `[least, most]`. */
function rangeOf(input: Input, key: string, most: number): readonly [number, number] | undefined {
  const numbers = numbersOf(input, key, most)
  if (numbers === undefined) return undefined
  const [low = 1, high = low, ...more] = numbers
  if (more.length === 0 && low <= high) return [low, high]
  throw new ControlError(`${key} must be a number or [least, most], got ${JSON.stringify(input[key])}`)
}

/** `"steady"`, `"idle"`, or `{"burstMin": 10, "everyMin": 240}`. */
function parseActivity(value: unknown): Activity {
  if (value === undefined || value === 'steady') return { kind: 'steady' }
  if (value === 'idle') return { kind: 'idle' }
  const input = objectOf(value)
  checkKeys(input, ['burstMin', 'everyMin'])
  const everyMin = required(wholeOf(input, 'everyMin', 100_000), 'everyMin')
  const burstMin = required(wholeOf(input, 'burstMin', everyMin), 'burstMin')
  return { kind: 'bursty', burstMin, everyMin }
}

const GROUP_KEYS = [
  'name',
  'share',
  'activity',
  'perMin',
  'timeoutSec',
  'medianMs',
  'maxMs',
  'longShare',
  'errorShare',
  'traits',
  'versionTimeoutsSec',
  'edgeRegions',
  'namesakes',
]

/** The functions of a group have every trait that needs no behaviour of its own, unless it says which. */
const GROUP_TRAITS: readonly Trait[] = TRAITS.filter((trait) => trait !== 'long')

/** One group of a fleet file; only `name` and `share` are needed. Throws ControlError. */
export function parseGroup(value: unknown): Group {
  const input = objectOf(value)
  checkKeys(input, GROUP_KEYS)
  const traits = textsOf(input, 'traits')?.map((trait) => wordOf({ traits: trait }, 'traits', TRAITS))
  return {
    name: required(textOf(input, 'name'), 'name'),
    share: required(shareOf(input, 'share'), 'share'),
    activity: at('activity', () => parseActivity(input.activity)),
    perMin: rangeOf(input, 'perMin', 10_000) ?? [0.3, 12],
    timeoutSec: numbersOf(input, 'timeoutSec', MAX_TIMEOUT_SEC) ?? [3, 10, 30, 60],
    medianMs: rangeOf(input, 'medianMs', MAX_TIMEOUT_SEC * 1_000) ?? [20, 400],
    maxMs: between(numberOf(input, 'maxMs'), 'maxMs', 1, MAX_TIMEOUT_SEC * 1_000) ?? Number.POSITIVE_INFINITY,
    longShare: shareOf(input, 'longShare') ?? 0,
    errorShare: shareOf(input, 'errorShare') ?? 0.01,
    traits: traits === undefined || traits.length === 0 ? GROUP_TRAITS : traits,
    versionTimeoutsSec: numbersOf(input, 'versionTimeoutsSec', MAX_TIMEOUT_SEC) ?? [],
    edgeRegions: textsOf(input, 'edgeRegions') ?? [],
    ...(flagOf(input, 'namesakes') === true ? { namesakes: true } : {}),
  }
}

function readAt(input: Input, nowMs: EpochMs): EpochMs {
  const afterMin = numberOf(input, 'afterMin')
  const text = textOf(input, 'at')
  if (text !== undefined && Number.isNaN(Date.parse(text))) {
    throw new ControlError(`at must be an ISO time, got ${JSON.stringify(text)}`)
  }
  if (text !== undefined) return Date.parse(text)
  return numberOf(input, 'atMs') ?? nowMs + (afterMin ?? 0) * MINUTE_MS
}

const CHANGE_KINDS = ['create', 'delete', 'timeout', 'memory', 'code', 'environment', 'tag'] as const
const CHANGE_KEYS = [
  'accountId',
  'index',
  'kind',
  'timeoutSec',
  'memoryMb',
  'key',
  'value',
  'at',
  'atMs',
  'afterMin',
]

/** What happens to a function: at a time (`at`, `atMs`), some minutes from `nowMs` (`afterMin`), or now. Throws ControlError. */
export function parseChange(
  value: unknown,
  { accountIds, nowMs }: { readonly accountIds: readonly string[]; readonly nowMs: EpochMs },
): Change {
  const input = objectOf(value)
  checkKeys(input, CHANGE_KEYS)
  const index = required(numberOf(input, 'index'), 'index')
  if (!Number.isInteger(index) || index < 0)
    throw new ControlError(`index must be a whole number, got ${index}`)
  const accountId = textOf(input, 'accountId') ?? accountIds[0] ?? ''
  const place = { accountId, index, atMs: readAt(input, nowMs) }
  const kind = wordOf(input, 'kind', CHANGE_KINDS)
  switch (kind) {
    case 'timeout': {
      const timeoutSec = required(wholeOf(input, 'timeoutSec', MAX_TIMEOUT_SEC), 'timeoutSec')
      return { ...place, kind, timeoutSec }
    }
    case 'memory':
      return { ...place, kind, memoryMb: required(wholeOf(input, 'memoryMb', MAX_MEMORY_MB), 'memoryMb') }
    case 'tag': {
      const key = required(textOf(input, 'key'), 'key')
      return { ...place, kind, key, value: required(textOf(input, 'value'), 'value') }
    }
    default:
      return { ...place, kind }
  }
}

/** The delays of late data; what is left out is as usual. Throws ControlError. */
export function parseLate(value: unknown): LateOptions {
  const input = objectOf(value)
  checkKeys(input, Object.keys(DEFAULT_LATE))
  const numbers = (key: keyof LateOptions, most: number): number =>
    between(numberOf(input, key), key, 0, most) ?? DEFAULT_LATE[key]
  const late = {
    minDelaySec: numbers('minDelaySec', 3_600),
    maxDelaySec: numbers('maxDelaySec', 3_600),
    lateShare: shareOf(input, 'lateShare') ?? DEFAULT_LATE.lateShare,
    minLateHours: numbers('minLateHours', 23),
    maxLateHours: numbers('maxLateHours', 23),
  }
  if (late.minDelaySec <= late.maxDelaySec && late.minLateHours <= late.maxLateHours) return late
  throw new ControlError('each least must not be above its most')
}

/** What else than functions there is; nothing of what is left out. Throws ControlError. */
export function parseServices(value: unknown): ServiceOptions {
  const input = objectOf(value)
  checkKeys(input, Object.keys(NO_SERVICES))
  return {
    queues: wholeOf(input, 'queues', 100_000) ?? 0,
    tables: wholeOf(input, 'tables', 100_000) ?? 0,
    insights: flagOf(input, 'insights') ?? false,
  }
}

/** What functions write into CloudWatch Logs; what is left out is as usual, or as in `before`. Throws ControlError. */
export function parseLogs(value: unknown, before: LogOptions = DEFAULT_LOGS): LogOptions {
  const input = objectOf(value)
  checkKeys(input, Object.keys(DEFAULT_LOGS))
  const given = Object.entries(before).map(([key, usual]): [string, number] => {
    const read = key.endsWith('Share') ? shareOf(input, key) : between(numberOf(input, key), key, 0, 86_400)
    return [key, read ?? usual]
  })
  const logs: LogOptions = { ...before, ...Object.fromEntries(given) }
  if (logs.minDelaySec <= logs.maxDelaySec) return logs
  throw new ControlError('minDelaySec must not be above maxDelaySec')
}
