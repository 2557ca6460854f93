import type { CloudwatchConfigs, SinkTraits } from '../../../core/dff.ts'
import { CHAOS_KINDS } from '../../../simulator/aws/fault-kind.ts'
import { makeRandom, type Random } from './random.ts'

export const MINUTE_MS = 60_000
export const HOUR_MS = 60 * MINUTE_MS

/** How a poll is ended from outside: the task dies before or after its n-th commit took effect, or at its n-th request. */
export interface Stop {
  readonly at: 'before-commit' | 'after-commit' | 'request'
  readonly nth: number
}

/** One poll and what goes wrong in it. */
export interface Step {
  readonly atMs: number
  /** AWS's clock against the trigger's. */
  readonly awsOffsetMs: number
  /** Random faults of this poll's calls; undefined for none. */
  readonly chaos?: { readonly seed: number; readonly rate: number; readonly kinds?: readonly string[] }
  readonly isDenied: boolean
  readonly stop?: Stop
  /** The n-th commit is refused, as by a full outbox. */
  readonly refusedCommit?: number
  /** Value of an extra tag of the account from now on. */
  readonly owner: string
}

export type PolicyName = NonNullable<CloudwatchConfigs['policy']>

/** Everything that one seed decides. */
export interface Scenario {
  readonly seed: number
  readonly policy: PolicyName
  /** Left out: the default. */
  readonly maxLatenessMin?: number
  /** A fleet document (simulator/README.md). */
  readonly fleet: object
  /** What the connector says of its store, and what the store does. */
  readonly sink: SinkTraits
  readonly receiver: SinkTraits
  readonly regions: readonly string[]
  readonly steps: readonly Step[]
  /** Up to here the steps are wild; afterwards they only go on. */
  readonly wildEndMs: number
  /** The first poll that nothing disturbed: its first look is where completeness begins. */
  readonly firstCleanMs: number
}

export const BASE_MS = Date.parse('2026-11-10T00:00:00Z')

/** What a careful client survives; without `throttle`, which it answers by waiting for real seconds. */
const KINDS = CHAOS_KINDS.filter((kind) => kind !== 'throttle')

/** Horizon, late data of up to 6 hours and the daily audit are over after so long. */
const TAIL_MS = 31 * HOUR_MS
/** One bucket is audited a poll: these are more polls than a scenario has buckets. */
const TAIL_STEP_MS = 30 * MINUTE_MS

function drawGroups(random: Random): readonly object[] {
  const groups = [
    { name: 'steady', timeoutSec: [3, 30], perMin: [0.3, 12] },
    {
      name: 'long',
      timeoutSec: 900,
      medianMs: [20, 5_000],
      maxMs: 20_000,
      longShare: random.pick([0, 0.001, 0.01]),
    },
    {
      name: 'bursty',
      timeoutSec: [60, 300],
      activity: { burstMin: random.whole(1, 20), everyMin: random.whole(30, 240) },
      versionTimeoutsSec: [900, 30],
    },
    { name: 'slow', timeoutSec: [300, 900], medianMs: [30_000, 200_000], perMin: [0.05, 1] },
  ]
  return groups.map((group) => ({ ...group, share: 1 / groups.length }))
}

function drawChanges(random: Random, functions: number, spanMin: number): readonly object[] {
  return Array.from({ length: random.whole(0, 3) }, () => {
    const kind = random.pick(['create', 'delete', 'timeout'])
    const change = { index: random.whole(0, functions - 1), kind, afterMin: random.whole(-60, spanMin) }
    return kind === 'timeout' ? { ...change, timeoutSec: random.pick([3, 60, 900]) } : change
  })
}

function drawStop(random: Random): Stop {
  return {
    at: random.pick(['before-commit', 'after-commit', 'request']),
    nth: random.whole(1, 5),
  }
}

function drawChaos(random: Random): Step['chaos'] {
  const seed = random.whole(1, 1e9)
  // One kind alone, at every call, is what makes a query stay incomplete for polls.
  if (random.chance(0.3))
    return {
      seed,
      rate: random.pick([0.5, 1]),
      kinds: [KINDS[random.whole(0, KINDS.length - 1)] ?? 'error500'],
    }
  return { seed, rate: random.pick([0.05, 0.2, 0.6]), kinds: KINDS }
}

/** A stretch of polls in which the same thing is wrong. */
export function drawSteps(random: Random, startMs: number, wildEndMs: number): readonly Step[] {
  const steps: Step[] = []
  let atMs = startMs
  let owner = 'a'
  while (atMs < wildEndMs) {
    const mood =
      steps.length === 0 && random.chance(0.7)
        ? 'calm'
        : random.pick(['calm', 'calm', 'chaos', 'deny', 'stop', 'refuse', 'pause', 'retag'])
    if (mood === 'pause') atMs += random.whole(5, random.chance(0.2) ? 600 : 90) * MINUTE_MS
    if (mood === 'retag') owner = `owner ${steps.length}`
    const chaos = mood === 'chaos' ? drawChaos(random) : undefined
    const count = random.whole(1, 6)
    for (let index = 0; index < count && atMs < wildEndMs; index += 1) {
      steps.push({
        atMs,
        awsOffsetMs: steps.length > 0 && random.chance(0.1) ? random.whole(-180, 30) * 1_000 : 0,
        ...(chaos === undefined ? {} : { chaos: { ...chaos, seed: chaos.seed + index } }),
        isDenied: mood === 'deny',
        ...(mood === 'stop' ? { stop: drawStop(random) } : {}),
        ...(mood === 'refuse' ? { refusedCommit: random.whole(1, 6) } : {}),
        owner,
      })
      atMs += random.pick([5, 5, 5, 5, 1, 10, 15]) * MINUTE_MS + random.whole(0, 59) * 1_000
    }
  }
  return steps
}

export function isCalm({ chaos, isDenied, stop, refusedCommit, awsOffsetMs }: Step): boolean {
  return (
    chaos === undefined && !isDenied && stop === undefined && refusedCommit === undefined && awsOffsetMs === 0
  )
}

function drawReceiver(random: Random, { rewrite, mergesFields }: SinkTraits): SinkTraits {
  return rewrite === 'unknown'
    ? { rewrite: random.pick(['last', 'max', 'both']), mergesFields }
    : { rewrite, mergesFields }
}

/** Draws a scenario for a store of which the connector says `rewrite`; the same one for every policy. */
export function drawScenario(
  seed: number,
  rewrite: SinkTraits['rewrite'],
  policy: PolicyName = 'everything',
): Scenario {
  const random = makeRandom(seed)
  const startMs = BASE_MS + random.whole(0, 1_440) * MINUTE_MS
  const wildEndMs = startMs + random.whole(3, 8) * HOUR_MS
  const functions = random.whole(3, 9)
  const regions = random.chance(0.3) ? ['us-east-1', 'eu-west-1'] : ['us-east-1']
  const sink: SinkTraits = { rewrite, mergesFields: random.chance(0.5) }
  const fleet = {
    seed: random.whole(1, 1e6),
    functions,
    regions,
    now: new Date(startMs).toISOString(),
    late: { lateShare: random.pick([0.001, 0.02]) },
    listing: true,
    groups: drawGroups(random),
    changes: drawChanges(random, functions, (wildEndMs - startMs) / MINUTE_MS),
  }
  const wild = drawSteps(random, startMs, wildEndMs)
  const owner = wild.at(-1)?.owner ?? 'a'
  const tail = Array.from({ length: TAIL_MS / TAIL_STEP_MS + 2 }, (_, index): Step => ({
    atMs: wildEndMs + index * TAIL_STEP_MS,
    awsOffsetMs: 0,
    isDenied: false,
    owner,
  }))
  const steps = [...wild, ...tail]
  return {
    seed,
    policy,
    fleet,
    sink,
    receiver: drawReceiver(random, sink),
    regions,
    steps,
    wildEndMs,
    firstCleanMs: steps.find(isCalm)?.atMs ?? wildEndMs,
  }
}
