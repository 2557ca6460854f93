import type { Activity } from './activity.ts'
import type { Change } from './change.ts'
import type { Group } from './group.ts'
import { createRandom, mixSeed } from './random.ts'

/** What a lambda is made to show. The first twelve of every region have one each, in this order. */
export const TRAITS = [
  'plain',
  'async',
  'stream',
  'kafka',
  'extension',
  'provisioned',
  'recursive',
  'throttled',
  'url',
  'mapping',
  'long',
  'image',
] as const
export type Trait = (typeof TRAITS)[number]

/** Starts every environment value, so that a search for it over what a collector wrote proves that none leaked. */
export const ENVIRONMENT_SECRET_PREFIX = 'SIM-ENV-SECRET-'

/** Instances that the alias `live` of a provisioned lambda has allocated; a power of two, so that utilisation is exact in binary. */
export const PROVISIONED_INSTANCES = 8

/** A published version: its configuration never changes. The alias `live` sends most traffic to the first. */
export interface PublishedVersion {
  readonly version: '1' | '2'
  readonly timeoutSec: number
}

/** One simulated AWS Lambda function. */
export interface Lambda {
  /** Unique in the whole fleet. */
  readonly id: number
  readonly accountId: string
  readonly region: string
  readonly name: string
  /** Number within the account. */
  readonly index: number
  readonly trait: Trait
  /** The group of the fleet file; empty without one. */
  readonly group: string
  readonly isActive: boolean
  readonly activity: Activity
  /** Replicas of Lambda@Edge emit metrics where ListFunctions does not know them. */
  readonly isListed: boolean
  readonly changes: readonly Change[]
  readonly versions: readonly PublishedVersion[]
  /** Seed of everything this lambda does. */
  readonly seed: number
  readonly invocationsPerMin: number
  readonly medianDurationMs: number
  /** No drawn duration is longer; Infinity leaves only the timeout. */
  readonly maxDurationMs: number
  /** Share of the invocations that run far longer than that, evenly up to their timeout. */
  readonly longShare: number
  readonly errorShare: number
  readonly timeoutSec: number
  readonly memoryMb: number
  /** Absent for container images, as at AWS. */
  readonly runtime: string | undefined
  readonly description: string
  readonly reservedConcurrency: number | undefined
  /** Of its event source mapping, for the traits that have one. */
  readonly mappingUuid: string | undefined
}

/** Where a lambda stands in the fleet. */
export interface LambdaPlace {
  readonly id: number
  readonly accountId: string
  readonly region: string
  /** Number within the account; makes the name unique over regions. */
  readonly index: number
  /** Number within the region. */
  readonly position: number
  readonly seed: number
  readonly trait: Trait
  readonly isActive: boolean
  /** What the fleet file says of lambdas like this one. */
  readonly group: Group | undefined
  readonly changes: readonly Change[]
}

const SUBJECTS = [
  'orders',
  'billing',
  'checkout',
  'search',
  'mail',
  'stock',
  'report',
  'user',
  'image',
  'audit',
]
const VERBS = ['api', 'worker', 'sync', 'notify', 'import', 'export', 'resize', 'cleanup']
const RUNTIMES = [
  'nodejs24.x',
  'nodejs22.x',
  'python3.13',
  'python3.12',
  'java21',
  'provided.al2023',
  'dotnet8',
]
const TIMEOUTS_SEC = [3, 10, 30, 60]
const MEMORIES_MB = [128, 256, 512, 1024]

/** Text that breaks careless encoders: every one of these reaches an object's `message`. */
const DESCRIPTIONS = [
  '',
  'Writes orders, invoices, and refunds',
  'Says "hello", twice',
  String.raw`Reads C:\data\in, ends in a backslash \ `,
  'First line\nsecond line\ttabbed',
  '处理订单, 不要删除',
  "It's 100% = done, {ok}",
]

const MAPPED_TRAITS: ReadonlySet<Trait> = new Set(['stream', 'kafka', 'mapping'])

/** An identifier in the form of a UUID, made from a seed. */
export function makeUuid(seed: number): string {
  const hex = [0, 1, 2, 3]
    .map((part) =>
      mixSeed(seed, part + 1)
        .toString(16)
        .padStart(8, '0'),
    )
    .join('')
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `4${hex.slice(13, 16)}`,
    `8${hex.slice(17, 20)}`,
    hex.slice(20),
  ].join('-')
}

function pick<T>(random: () => number, values: readonly [T, ...T[]] | readonly T[], otherwise: T): T {
  return values[Math.floor(random() * values.length)] ?? otherwise
}

/** The first twelve are busy enough to show their trait every few minutes; the rest have the long tail of a real account. */
function drawRate(random: () => number, place: LambdaPlace): number {
  if (place.trait === 'long') return 0.5
  return place.position < TRAITS.length ? 2 + 4 * random() : 0.3 + 12 * random() ** 4
}

type Behaviour = Pick<
  Lambda,
  | 'group'
  | 'activity'
  | 'invocationsPerMin'
  | 'medianDurationMs'
  | 'maxDurationMs'
  | 'longShare'
  | 'errorShare'
  | 'timeoutSec'
>

function drawBehaviour(random: () => number, place: LambdaPlace): Behaviour {
  const isLong = place.trait === 'long'
  return {
    group: '',
    activity: { kind: place.isActive ? 'steady' : 'idle' },
    invocationsPerMin: drawRate(random, place),
    medianDurationMs: isLong ? 240_000 : 20 + 400 * random() ** 3,
    maxDurationMs: Number.POSITIVE_INFINITY,
    longShare: 0,
    errorShare: random() < 0.3 ? 0.05 : 0.002,
    timeoutSec: isLong ? 900 : pick(random, TIMEOUTS_SEC, 3),
  }
}

/** Between the two bounds, every order of magnitude as likely as the next. */
function drawBetween(random: () => number, [least, most]: readonly [number, number]): number {
  return least * (most / least) ** random()
}

function drawGroupBehaviour(random: () => number, group: Group): Behaviour {
  return {
    group: group.name,
    activity: group.activity,
    invocationsPerMin: drawBetween(random, group.perMin),
    medianDurationMs: drawBetween(random, group.medianMs),
    maxDurationMs: group.maxMs,
    longShare: group.longShare,
    errorShare: group.errorShare,
    timeoutSec: pick(random, group.timeoutSec, 3),
  }
}

function versionsOf(place: LambdaPlace, timeoutSec: number): readonly PublishedVersion[] {
  if (place.trait !== 'provisioned') return []
  const [first = timeoutSec, second = timeoutSec] = place.group?.versionTimeoutsSec ?? []
  return [
    { version: '1', timeoutSec: first },
    { version: '2', timeoutSec: second },
  ]
}

function nameOf(random: () => number, { group, index, position }: LambdaPlace): string {
  // Drawn for namesakes too, so that all else of a lambda is as it would be.
  const [subject, verb] = [pick(random, SUBJECTS, 'orders'), pick(random, VERBS, 'api')]
  if (group?.namesakes === true) return `${group.name}-${String(position).padStart(5, '0')}`
  return `${subject}-${verb}-${String(index).padStart(5, '0')}`
}

/** Everything about one lambda, from its place in the fleet. */
export function describeLambda(place: LambdaPlace): Lambda {
  const { id, accountId, region, index, position, seed, trait, group, changes } = place
  const random = createRandom(mixSeed(seed, 7))
  const name = nameOf(random, place)
  const behaviour = group ? drawGroupBehaviour(random, group) : drawBehaviour(random, place)
  return {
    ...behaviour,
    id,
    accountId,
    region,
    name,
    index,
    trait,
    isActive: place.isActive,
    isListed: true,
    changes,
    versions: versionsOf(place, behaviour.timeoutSec),
    seed,
    memoryMb: pick(random, MEMORIES_MB, 128),
    runtime: trait === 'image' ? undefined : pick(random, RUNTIMES, 'nodejs24.x'),
    description: DESCRIPTIONS[position % DESCRIPTIONS.length] ?? '',
    reservedConcurrency: trait === 'throttled' ? 2 : undefined,
    mappingUuid: MAPPED_TRAITS.has(trait) ? makeUuid(mixSeed(seed, 11)) : undefined,
  }
}

/**
 * The replica of a Lambda@Edge function in another region: it runs there under the name of its home region and itself, and
 * no list of functions of that region has it.
 */
export function makeReplica(home: Lambda, region: string, id: number): Lambda {
  return {
    ...home,
    id,
    region,
    name: `${home.region}.${home.name}`,
    trait: 'plain',
    isListed: false,
    versions: [],
    seed: mixSeed(home.seed, id),
    reservedConcurrency: undefined,
    mappingUuid: undefined,
  }
}
