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

/** One simulated AWS Lambda function. */
export interface Lambda {
  /** Unique in the whole fleet. */
  readonly id: number
  readonly accountId: string
  readonly region: string
  readonly name: string
  readonly trait: Trait
  readonly isActive: boolean
  /** Seed of everything this lambda does. */
  readonly seed: number
  readonly invocationsPerMin: number
  readonly medianDurationMs: number
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

interface LambdaPlace {
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

/** Everything about one lambda, from its place in the fleet. */
export function describeLambda(place: LambdaPlace): Lambda {
  const { id, accountId, region, index, position, seed, trait, isActive } = place
  const random = createRandom(mixSeed(seed, 7))
  const isLong = trait === 'long'
  return {
    id,
    accountId,
    region,
    name: `${pick(random, SUBJECTS, 'orders')}-${pick(random, VERBS, 'api')}-${String(index).padStart(5, '0')}`,
    trait,
    isActive,
    seed,
    invocationsPerMin: drawRate(random, place),
    medianDurationMs: isLong ? 240_000 : 20 + 400 * random() ** 3,
    errorShare: random() < 0.3 ? 0.05 : 0.002,
    timeoutSec: isLong ? 900 : pick(random, TIMEOUTS_SEC, 3),
    memoryMb: pick(random, MEMORIES_MB, 128),
    runtime: trait === 'image' ? undefined : pick(random, RUNTIMES, 'nodejs24.x'),
    description: DESCRIPTIONS[position % DESCRIPTIONS.length] ?? '',
    reservedConcurrency: trait === 'throttled' ? 2 : undefined,
    mappingUuid: MAPPED_TRAITS.has(trait) ? makeUuid(mixSeed(seed, 11)) : undefined,
  }
}
