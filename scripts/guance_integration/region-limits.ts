import { type EpochMs, HOUR_MS, type Json, type RunContext } from 'guance-aws-lambda/dff'
import { classifyAwsError } from './aws-error.ts'
import type { Backoff } from './backoff.ts'
import {
  afterSuccess,
  afterThrottle,
  grant,
  type RateLimit,
  type RateRule,
  startLimit,
} from './rate-limit.ts'

/** The quota is the whole account's, and its own tools and deployments draw on it too. */
const SHARE_OF_QUOTA = 0.2

/** Slow enough to end any throttling that is ours, fast enough to go on at all. */
const FLOOR_PER_SEC = 0.5

/** From the floor to the ceiling takes some 50 busy seconds. */
const STEPS_TO_CEILING = 50

/** A rate learnt longer ago says nothing about AWS now: who else used up the quota has ended. */
const LEARNT_FOR_MS = HOUR_MS

/** AWS's default quotas, requests per second in one region of one account (aws.md §1.2, §3.2). */
const QUOTAS: Readonly<Record<string, number>> = {
  'cloudwatch:GetMetricData': 500,
  'cloudwatch:ListMetrics': 25,
  'logs:FilterLogEvents': 10,
  // Its control-plane calls share one quota, which AWS does not raise.
  lambda: 15,
}

/** Those that differ by region (aws.md §4.1); others have the quota above. */
const REGION_QUOTAS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  'logs:FilterLogEvents': {
    'us-east-1': 25,
    'ap-northeast-3': 5,
    'ap-southeast-3': 5,
    'ca-west-1': 5,
    'eu-central-1': 5,
    'il-central-1': 5,
  },
}

/** Nobody's deployments read logs by the second, and a poll has many groups to read. */
const SHARES: Readonly<Record<string, number>> = { 'logs:FilterLogEvents': 0.5 }

/** Of an API with a quota that is not known here: the smallest known one. */
const DEFAULT_QUOTA = 10

/** Half of what may be asked at most: a first run does not know what else is under way in the account. */
const START_SHARE = 0.5

function limitName(service: string, api: string): string {
  return Object.hasOwn(QUOTAS, service) ? service : api
}

function ruleOf(name: string, region: string): RateRule {
  const quota = REGION_QUOTAS[name]?.[region] ?? QUOTAS[name] ?? DEFAULT_QUOTA
  const ceilingPerSec = quota * (SHARES[name] ?? SHARE_OF_QUOTA)
  return {
    ceilingPerSec,
    startPerSec: ceilingPerSec * START_SHARE,
    floorPerSec: FLOOR_PER_SEC,
    stepPerSec: ceilingPerSec / STEPS_TO_CEILING,
    burstMs: 1_000,
  }
}

interface Learnt {
  readonly atMs: EpochMs
  /** Requests per second by API. */
  readonly rates: Readonly<Record<string, number>>
}

function stateKey(scope: string): string {
  return `rates/${scope}`
}

async function loadRates(context: RunContext, scope: string): Promise<Learnt['rates']> {
  // Written by ratesState alone.
  const learnt = (await context.load(stateKey(scope))) as unknown as Learnt | undefined
  if (learnt === undefined || context.triggerTimeMs - learnt.atMs > LEARNT_FOR_MS) return {}
  return learnt.rates
}

/** The rates of one region of one account, whichever collectors of the run ask there. */
export class RegionLimits {
  readonly scope: string
  readonly #context: RunContext
  readonly #now: () => number
  readonly #learnt: Promise<Learnt['rates']>
  readonly #limits = new Map<string, RateLimit>()
  #isChanged = false

  constructor(context: RunContext, scope: string, now: () => number = () => performance.now()) {
    this.scope = scope
    this.#context = context
    this.#now = now
    this.#learnt = loadRates(context, scope)
    // Met by whoever asks for a rate; nobody may, and then it is nobody's failure.
    this.#learnt.catch(() => undefined)
  }

  /** Sends when the rate allows, and learns from the answer; `api` is `service:Operation`. */
  async paced<T>(api: string, sleep: Backoff['sleep'], send: () => Promise<T>): Promise<T> {
    const name = limitName(api.slice(0, api.indexOf(':')), api)
    const rule = ruleOf(name, this.scope.slice(this.scope.indexOf('/') + 1))
    const learnt = (await this.#learnt)[name]
    const limit = this.#limits.get(name) ?? startLimit(rule, learnt)
    const granted = grant(rule, limit, this.#now())
    this.#limits.set(name, granted.limit)
    const waitMs = granted.atMs - this.#now()
    if (waitMs > 0) await sleep(waitMs, this.#context.signal)
    const grantedAtMs = this.#now()
    try {
      const answer = await send()
      this.#adjust(name, (now) => afterSuccess(rule, now, grantedAtMs))
      return answer
    } catch (error) {
      if (classifyAwsError(error) === 'throttled') {
        this.#adjust(name, (now) => afterThrottle(rule, now, { grantedAtMs, nowMs: this.#now() }))
      }
      throw error
    }
  }

  #adjust(name: string, change: (limit: RateLimit) => RateLimit): void {
    const before = this.#limits.get(name)
    if (before === undefined) return
    const after = change(before)
    this.#limits.set(name, after)
    if (after.perSec !== before.perSec) this.#isChanged = true
  }

  /** State by which the next run begins at these rates; undefined when they are as they were. */
  async ratesState(): Promise<Readonly<Record<string, Json>> | undefined> {
    if (!this.#isChanged) return undefined
    const rates = { ...(await this.#learnt) }
    for (const [name, { perSec }] of this.#limits) rates[name] = Math.round(perSec * 100) / 100
    return { [stateKey(this.scope)]: { atMs: this.#context.triggerTimeMs, rates } }
  }
}

/** Shared by all collectors of a run and gone with it. */
const limitsOfRun = new WeakMap<RunContext, Map<string, RegionLimits>>()

/** The limits of one region (`account/region`) in this run: the same object whoever asks. */
export function regionLimits(context: RunContext, scope: string): RegionLimits {
  const limits = limitsOfRun.get(context) ?? new Map<string, RegionLimits>()
  limitsOfRun.set(context, limits)
  const known = limits.get(scope)
  if (known !== undefined) return known
  const made = new RegionLimits(context, scope)
  limits.set(scope, made)
  return made
}

/** Stores what the run learnt about rates; does nothing when it learnt nothing. Rejects as `commit` does. */
export async function commitRates(context: RunContext): Promise<void> {
  const limits = [...(limitsOfRun.get(context)?.values() ?? [])]
  const states = await Promise.all(limits.map(async (one) => one.ratesState()))
  const state = Object.assign({}, ...states) as Record<string, Json>
  if (Object.keys(state).length > 0) await context.commit({ points: [], state })
}

/**
 * SDK middleware inside the SDK's own retries, so that each attempt waits its turn. Instead of the SDK's `adaptive` mode:
 * together both slow down twice, and that one waits two seconds a request long after AWS has stopped throttling, deaf to
 * the end of the task.
 */
export function paceAttempts(service: string, limits: RegionLimits, sleep: Backoff['sleep']) {
  return <Args, Result>(
    next: (args: Args) => Promise<Result>,
    execution: { readonly commandName?: string },
  ) =>
    async (args: Args): Promise<Result> => {
      const api = `${service}:${(execution.commandName ?? 'Unknown').replace(/Command$/, '')}`
      return limits.paced(api, sleep, async () => next(args))
    }
}
