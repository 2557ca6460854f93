import { readFileSync } from 'node:fs'
import type { EpochMs } from '../core/time.ts'
import { AWS_QUOTAS } from './aws/quota.ts'
import {
  checkKeys,
  ControlError,
  flagOf,
  type Input,
  numberOf,
  parseInput,
  textOf,
  textsOf,
} from './control/input.ts'
import {
  at,
  listOf,
  objectOf,
  parseChange,
  parseGroup,
  parseLate,
  parseLogs,
  parseServices,
} from './fleet-part.ts'
import type { SimulatorOptions } from './options.ts'
import type { Group } from './truth/group.ts'
import { UsageError } from './usage-error.ts'

const KEYS = [
  'seed',
  'functions',
  'regions',
  'accountIds',
  'now',
  'since',
  'late',
  'listing',
  'quotas',
  'groups',
  'changes',
  'services',
  'logs',
]

/** Shares are written as decimals: their sum is 1 up to rounding. */
const SHARE_TOLERANCE = 1e-6

function parseGroups(value: unknown): readonly Group[] {
  const groups = at('groups', () => listOf(value)).map((each, index) =>
    at(`groups[${index}]`, () => parseGroup(each)),
  )
  const sum = groups.reduce((total, { share }) => total + share, 0)
  if (groups.length > 0 && Math.abs(sum - 1) > SHARE_TOLERANCE) {
    throw new ControlError(`groups: the shares must add up to 1, got ${sum}`)
  }
  const twice = groups.find(({ name }, index) => groups.findIndex((each) => each.name === name) < index)
  if (twice) throw new ControlError(`groups: the name ${twice.name} is there twice`)
  return groups
}

function timeOf(input: Input, key: string): EpochMs | undefined {
  const text = textOf(input, key)
  const timeMs = text === undefined ? undefined : Date.parse(text)
  if (timeMs === undefined || !Number.isNaN(timeMs)) return timeMs
  throw new ControlError(`${key} must be an ISO time, got ${JSON.stringify(text)}`)
}

function countOf(input: Input, key: string, most: number): number | undefined {
  const value = numberOf(input, key)
  if (value === undefined || (Number.isInteger(value) && value >= 0 && value <= most)) return value
  throw new ControlError(`${key} must be a whole number from 0 to ${most}, got ${value}`)
}

function namesOf(input: Input, key: string, pattern: RegExp): readonly string[] | undefined {
  const names = textsOf(input, key)
  const bad = names?.find((name) => !pattern.test(name))
  if (bad === undefined && names?.length !== 0) return names
  throw new ControlError(`${key} must be a list of names, got ${JSON.stringify(input[key])}`)
}

function lateOf(value: unknown): Pick<SimulatorOptions, 'late'> {
  if (value === undefined || value === false) return {}
  return { late: at('late', () => parseLate(value === true ? {} : value)) }
}

/** Leaves out what a document does not say, so that flags or defaults stay. */
function compact<T extends object>(values: T): { [Key in keyof T]?: Exclude<T[Key], undefined> } {
  // Object.fromEntries forgets the keys' types; every value is one that was there.
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [Key in keyof T]?: Exclude<T[Key], undefined>
  }
}

/**
 * The options that a fleet document states (its shape is in simulator/README.md); members that are absent state nothing.
 * `afterMin` of a change counts from `now`, which without one is the real time. Throws ControlError naming the place.
 */
export function parseFleet(document: unknown): Partial<SimulatorOptions> {
  const input = objectOf(document)
  checkKeys(input, KEYS)
  const nowMs = timeOf(input, 'now')
  const accountIds = namesOf(input, 'accountIds', /^\d{12}$/)
  const context = { accountIds: accountIds ?? ['123456789012'], nowMs: nowMs ?? Date.now() }
  const changes = input.changes === undefined ? undefined : at('changes', () => listOf(input.changes))
  return {
    ...compact({
      seed: countOf(input, 'seed', 2 ** 32 - 1),
      functions: countOf(input, 'functions', 100_000),
      regions: namesOf(input, 'regions', /^[a-z]{2,4}(-[a-z]+)+-\d$/),
      accountIds,
      nowMs,
      sinceMs: timeOf(input, 'since'),
      listing: flagOf(input, 'listing'),
      quotas: flagOf(input, 'quotas') ? AWS_QUOTAS : undefined,
      groups: input.groups === undefined ? undefined : parseGroups(input.groups),
      changes: changes
        ?.map((each, index) => at(`changes[${index}]`, () => parseChange(each, context)))
        .toSorted((left, right) => left.atMs - right.atMs),
    }),
    ...lateOf(input.late),
    ...(input.services === undefined
      ? {}
      : { services: at('services', () => parseServices(input.services)) }),
    ...(input.logs === undefined ? {} : { logs: at('logs', () => parseLogs(input.logs)) }),
  }
}

/** Reads a fleet file. Throws UsageError naming the file and the place in it. */
export function readFleetFile(path: string): Partial<SimulatorOptions> {
  try {
    return parseFleet(parseInput(readFileSync(path, 'utf8')))
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error)
    throw new UsageError(`--fleet ${path}: ${text}`)
  }
}
