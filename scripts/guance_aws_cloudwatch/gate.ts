import type { EpochMs, Window } from 'guance-aws-lambda/dff'
import { type Activity, hasNews } from './activity.ts'
import type { NamespaceContext } from './circumstances.ts'
import type { Datapoints, QueryOutcome } from './fetch.ts'
import { fetchAsks } from './fetch-asks.ts'
import { latestMs } from './horizon.ts'
import type { Identity } from './identity.ts'
import { widenMs } from './lateness.ts'
import { isOlder, type Masked } from './mask.ts'
import type { Residuals } from './mask-state.ts'
import type { Ask, SeriesStatistics } from './plan.ts'
import { GATE_STATISTIC, gatedOf } from './policy.ts'
import type { Tally } from './tally.ts'
import { EARLY_MS, endAt } from './window.ts'

/** What the gate found. */
export interface GateResult {
  readonly woken: readonly Identity[]
  readonly cleanMs: EpochMs
  readonly unexplained: Residuals
}

/** What the gate works on. */
export interface Gate {
  readonly sleepers: readonly { readonly identity: Identity; readonly gated: readonly SeriesStatistics[] }[]
  readonly metrics: readonly string[]
  /** Of whom somebody else asks, and who count all the same. */
  readonly besides: readonly SeriesStatistics[]
  /** As long as a minute of anybody may grow, and since the last look. */
  readonly window: Window
}

/** Which metrics tell, and for which minutes, given who sleeps; undefined where nobody sleeps whom the region's sums could tell of. */
export function makeGate(
  { catalogue, nowMs, timeouts, known, policy, critical }: Omit<NamespaceContext, 'activity' | 'reach'>,
  { asleep, before }: Pick<Masked, 'asleep' | 'before'>,
): Gate | undefined {
  const sleepers = asleep.flatMap((identity) => {
    const gated = gatedOf(catalogue, identity)
    return gated.length === 0 ? [] : [{ identity, gated }]
  })
  if (sleepers.length === 0) return undefined
  const growsMs = latestMs({
    hasInvocations: true,
    timeoutSec: timeouts?.largestSec,
    longestSec: undefined,
    widenMs: known === undefined ? 0 : widenMs(known.lateness),
  })
  const sinceMs = Math.min(nowMs, before?.cleanMs ?? nowMs)
  return {
    sleepers,
    metrics: [...new Set(sleepers.flatMap(({ gated }) => gated.map(({ series }) => series.metric)))],
    besides: critical.flatMap((identity) => gatedOf(catalogue, identity)),
    window: { startMs: endAt(sinceMs, growsMs + policy.maxLatenessMs), endMs: endAt(nowMs, EARLY_MS) },
  }
}

/** What to ask of the region as a whole. */
export function gateAsks(namespace: string, { metrics, besides, window }: Gate): readonly Ask[] {
  const wanted = metrics.map((metric) => ({
    series: { namespace, metric, dimensions: [] },
    statistics: [GATE_STATISTIC],
  }))
  return [{ wanted: [...wanted, ...besides], window }]
}

const NOTHING: Datapoints = new Map()

/**
 * The region's sums by metric; without those that did not come, or that AWS does not publish although somebody did
 * something. Of forbidden ones nothing is left over: AWS's list of who was active alone tells who woke.
 */
function wholesOf(outcomes: readonly QueryOutcome[], activity: Activity): ReadonlyMap<string, Datapoints> {
  return new Map(
    outcomes.flatMap(({ query, outcome }) => {
      const { metric, dimensions } = query.series
      if (dimensions.length > 0) return []
      // What may not be read stays so for long: asking every sleeper instead would be billed and answered alike.
      if (outcome.kind === 'forbidden') return [[metric, NOTHING] as const]
      if (outcome.kind !== 'complete') return []
      const isPublished = outcome.value.size > 0 || !activity.hasAny(metric)
      return isPublished ? [[metric, outcome.value] as const] : []
    }),
  )
}

/** Asks the sleepers themselves. Who answers with anything has woken; who does not answer may have. */
async function probeSleepers(
  shared: NamespaceContext,
  { sleepers, window }: Gate,
  { metrics, activity, tally }: { metrics: ReadonlySet<string>; activity: Activity; tally: Tally },
): Promise<{ readonly woken: readonly Identity[]; readonly silent: readonly Identity[] }> {
  const asks = sleepers.map(({ gated }) => ({
    wanted: gated.filter(({ series }) => metrics.has(series.metric)),
    window,
  }))
  const { outcomes } = await fetchAsks(shared, { rule: 'wake', asks, tally })
  activity.add(outcomes)
  const by = Map.groupBy(outcomes, ({ query }) => query.series.dimensions)
  const answers = sleepers.map(({ identity, gated }) => ({
    identity,
    // One list for all series of an identity, by which outcomes are found again.
    own: (gated[0] === undefined ? undefined : by.get(gated[0].series.dimensions)) ?? [],
  }))
  const woken = answers.filter(({ own }) =>
    own.some(({ outcome }) => outcome.kind === 'complete' && outcome.value.size > 0),
  )
  const silent = answers.filter(({ own }) =>
    own.some(({ outcome }) => outcome.kind !== 'complete' && outcome.kind !== 'forbidden'),
  )
  return {
    woken: woken.map(({ identity }) => identity),
    silent: silent.map(({ identity }) => identity),
  }
}

function leftOver(
  metrics: readonly string[],
  wholes: ReadonlyMap<string, Datapoints>,
  activity: Activity,
): Residuals {
  return Object.fromEntries(
    metrics.flatMap((metric) => {
      const whole = wholes.get(metric)
      const left = whole === undefined ? [] : activity.residual(metric, whole)
      return left.length === 0 ? [] : [[metric, left] as const]
    }),
  )
}

/**
 * Finds who woke: where the region's sums are more than what those did who were asked, somebody else did something, and
 * everybody else is asked. Where AWS gives no sums, everybody is asked as often as lateness allows.
 */
export async function passGate(
  shared: NamespaceContext,
  gate: Gate,
  { activity, before, tally }: { activity: Activity; before: Masked['before']; tally: Tally },
): Promise<GateResult> {
  const { nowMs, policy, place } = shared
  const unexplained = before?.unexplained ?? {}
  const cleanMs = before?.cleanMs ?? nowMs
  const { outcomes } = await fetchAsks(shared, { rule: 'gate', asks: gateAsks(place.namespace, gate), tally })
  activity.add(outcomes)
  const wholes = wholesOf(outcomes, activity)
  const left = leftOver(gate.metrics, wholes, activity)
  const isDue = isOlder(nowMs, cleanMs, policy.maxLatenessMs)
  // What nobody could be found for would be looked for at every poll: a function that AWS does not list yet.
  const isLooking = isDue || Object.keys(unexplained).length === 0
  const metrics = gate.metrics.filter((metric) =>
    wholes.has(metric) ? isLooking && hasNews(left[metric] ?? [], metric, unexplained) : isDue,
  )
  const isSeen = gate.metrics.every((metric) => wholes.has(metric))
  if (metrics.length === 0) {
    const isClean =
      isSeen && (isLooking || !gate.metrics.some((one) => hasNews(left[one] ?? [], one, unexplained)))
    return { woken: [], cleanMs: isClean ? nowMs : cleanMs, unexplained: isClean ? left : unexplained }
  }
  const asked = { metrics: new Set(metrics), activity, tally }
  const { woken, silent } = await probeSleepers(shared, gate, asked)
  // Who does not answer is not known to sleep: at the latest when it is due it is asked like everybody who is awake.
  return {
    woken: isDue ? [...woken, ...silent.filter((one) => !woken.includes(one))] : woken,
    cleanMs: isDue || (isSeen && silent.length === 0) ? nowMs : cleanMs,
    unexplained: silent.length === 0 ? leftOver(gate.metrics, wholes, activity) : unexplained,
  }
}
