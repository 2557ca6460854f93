import { DAY_MS, type EpochMs } from 'guance-aws-lambda/dff'
import { AwsFailure } from 'guance-aws-lambda/sets/guance_integration'
import type { BucketState } from './bucket.ts'
import type { NamespaceContext } from './circumstances.ts'
import { fetchRequest } from './fetch.ts'
import { fingerprintOf, type Identity } from './identity.ts'
import { addDuration, dayOf, type Longest, LONGEST_DAYS } from './longest.ts'
import { type Ask, type MetricRequest, planRequests } from './plan.ts'
import { predictRequests } from './rule.ts'
import type { Tally } from './tally.ts'

/** How long invocations took; milliseconds. */
const METRIC = 'Duration'
const STATISTIC = 'Maximum'
const LONGEST_FIELD = `${METRIC}_${STATISTIC}`

/** With less, a horizon by the timeout is short already. */
const MIN_TIMEOUT_SEC = 30

const DAY_SEC = DAY_MS / 1000

/** Whether the longest duration of this identity's function is worth knowing, and will be kept up to date by what is collected. */
function followsLongest({ timeouts }: Pick<NamespaceContext, 'timeouts'>, identity: Identity): boolean {
  const { name, wanted, sample } = identity
  if (name === undefined || sample.dimensions.length !== 1 || (timeouts?.of(name) ?? 0) <= MIN_TIMEOUT_SEC)
    return false
  return wanted.some(({ series, statistics }) => series.metric === METRIC && statistics.includes(STATISTIC))
}

/** Two weeks of days, today included. */
function daysBefore(nowMs: EpochMs) {
  const today = dayOf(nowMs)
  return { startMs: (today - LONGEST_DAYS + 1) * DAY_MS, endMs: (today + 1) * DAY_MS }
}

interface LongestAsk {
  readonly identities: readonly Identity[]
  readonly stateOf: (bucket: number) => BucketState
  readonly tally: Tally
}

/** One request for some hundred functions of which nothing is known yet; none when all are known. */
export function planLongest(
  shared: Pick<NamespaceContext, 'timeouts' | 'nowMs'>,
  { identities, stateOf }: Pick<LongestAsk, 'identities' | 'stateOf'>,
): readonly MetricRequest[] {
  const asks = identities.flatMap((identity): Ask[] => {
    const isKnown = stateOf(identity.bucket).longest.has(fingerprintOf(identity.name ?? ''))
    if (isKnown || !followsLongest(shared, identity)) return []
    const series = { ...identity.sample, metric: METRIC }
    return [{ wanted: [{ series, statistics: [STATISTIC] }], window: daysBefore(shared.nowMs) }]
  })
  return planRequests(asks, DAY_SEC)
}

/** What AWS says; nothing where it does not, so that the next poll asks again. */
async function fetchLongest({ region, context }: NamespaceContext, request: MetricRequest) {
  try {
    return await fetchRequest(region, request)
  } catch (error) {
    if (!(error instanceof AwsFailure)) throw error
    context.log(`${region.scope}: how long invocations take is not known yet: ${error.message}`)
    return []
  }
}

/**
 * Asks once for functions met for the first time: one value a day costs one billed metric each. Until there is an
 * answer the timeout counts.
 */
export async function askLongest(shared: NamespaceContext, ask: LongestAsk): Promise<void> {
  const byDimensions = new Map(ask.identities.map((identity) => [identity.sample.dimensions, identity]))
  const requests = planLongest(shared, ask)
  predictRequests(shared, 'longest', requests)
  ask.tally.addBilled('longest', requests)
  for (const request of requests) {
    // One after the other: a first poll asks for some hundred functions, every later one for none.
    for (const { query, outcome } of await fetchLongest(shared, request)) {
      const identity = byDimensions.get(query.series.dimensions)
      // What is Forbidden is not asked for again at every poll, and billed each time: the timeout counts.
      const isAnswered = outcome.kind === 'complete' || outcome.kind === 'forbidden'
      if (identity?.name === undefined || !isAnswered) continue
      let longest: Longest = []
      for (const [timeMs, value] of outcome.kind === 'complete' ? outcome.value : [])
        longest = addDuration(longest, dayOf(timeMs), value / 1000)
      const state = ask.stateOf(identity.bucket)
      state.longest.set(fingerprintOf(identity.name), longest)
      state.isLongestChanged = true
      ask.tally.addLongest(longest)
    }
  }
}

/** Takes over the durations of minutes that were collected. */
export function learnLongest(
  shared: NamespaceContext,
  state: BucketState,
  {
    identity,
    lines,
  }: { readonly identity: Identity; readonly lines: ReadonlyMap<EpochMs, Readonly<Record<string, number>>> },
): Longest {
  let region: Longest = []
  const key = fingerprintOf(identity.name ?? '')
  const before = state.longest.get(key)
  let longest = before ?? []
  for (const [timeMs, fields] of lines) {
    const value = fields[LONGEST_FIELD]
    if (value === undefined) continue
    region = addDuration(region, dayOf(timeMs), value / 1000)
    longest = addDuration(longest, dayOf(timeMs), value / 1000)
  }
  if (before !== undefined && longest !== before && followsLongest(shared, identity)) {
    state.longest.set(key, longest)
    state.isLongestChanged = true
  }
  return region
}
