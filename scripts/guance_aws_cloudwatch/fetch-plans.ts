import type { NamespaceContext } from './circumstances.ts'
import { answeredHoles } from './entry-outcome.ts'
import { asksOf, type EntryPlan, reaching } from './entry-plan.ts'
import { NO_FIELDS } from './field-set.ts'
import type { QueryOutcome } from './fetch.ts'
import { fetchAsks } from './fetch-asks.ts'
import type { Ask, SeriesStatistics } from './plan.ts'
import { type Probing, probingOf } from './policy.ts'
import { ruleOf } from './rule.ts'
import type { Series } from './series.ts'
import type { Tally } from './tally.ts'

/** What came of the plans of a slice. */
interface Fetched {
  readonly requests: number
  readonly outcomes: readonly QueryOutcome[]
  /** Those to conclude; the others were skipped, and stay where they are. */
  readonly plans: readonly EntryPlan[]
}

/** How a plan is asked for under policy `probe`. */
type Question =
  | { readonly kind: 'whole'; readonly plan: EntryPlan }
  | { readonly kind: 'skip'; readonly plan: EntryPlan }
  | {
      readonly kind: 'probe'
      readonly plan: EntryPlan
      /** Asked first. */
      readonly first: readonly SeriesStatistics[]
      readonly rest: readonly SeriesStatistics[]
      /** Whether it is concluded although nothing happened: what no probe says was asked for too. */
      readonly isSwept: boolean
    }

/** Nothing has to catch up, and nothing is asked for besides: only then a probe says enough. */
function isSteady({ base, entry, asked, work }: EntryPlan): boolean {
  const isWhole = base.missing === NO_FIELDS && answeredHoles(entry).length === 0
  const isSame = base.fields === entry.fields && asked === work.identity.wanted
  return base.waits === 0 && base.gaps.length === 0 && isWhole && isSame
}

/** What policy `probe` does about a plan. */
function questionOf(
  { catalogue, policy }: Pick<NamespaceContext, 'catalogue' | 'policy'>,
  plan: EntryPlan,
): Question {
  if (plan.work.purpose !== 'live' || plan.isFirst || !isSteady(plan)) return { kind: 'whole', plan }
  const { settledEndMs, base } = plan
  const isDue = settledEndMs - base.throughMs > policy.maxLatenessMs
  const probing: Probing | undefined = probingOf(catalogue, plan.work.identity)
  if (probing === undefined) return { kind: isDue ? 'whole' : 'skip', plan }
  const { probes, swept, rest } = probing
  return {
    kind: 'probe',
    plan,
    first: isDue ? [...probes, ...swept] : probes,
    rest: isDue ? rest : [...swept, ...rest],
    isSwept: isDue,
  }
}

/** What the first question asks. */
function firstAsks(questions: readonly Question[], reach: NamespaceContext['reach']): readonly Ask[] {
  return questions.flatMap((question): readonly Ask[] => {
    if (question.kind === 'whole') return asksOf([question.plan], reach)
    if (question.kind === 'skip') return []
    return [{ wanted: question.first, window: reaching(question.plan.window, reach) }]
  })
}

/** Whether the rest is worth asking for: something happened in the window, or nobody knows. */
function isMoved({ plan }: Extract<Question, { kind: 'probe' }>, own: readonly QueryOutcome[]): boolean {
  const { startMs, endMs } = plan.window
  return own.some(({ outcome }) => {
    if (outcome.kind !== 'complete') return true
    return [...outcome.value.keys()].some((timeMs) => timeMs >= startMs && timeMs < endMs)
  })
}

const NOTHING: QueryOutcome['outcome'] = { kind: 'complete', value: new Map() }

/** What the probes say of the rest when nothing happened. */
function silence(rest: readonly SeriesStatistics[]): readonly QueryOutcome[] {
  return rest.flatMap(({ series, statistics }: { series: Series; statistics: readonly string[] }) =>
    statistics.map((statistic) => ({ query: { id: '', series, statistic }, outcome: NOTHING })),
  )
}

async function fetchProbed(
  shared: NamespaceContext,
  plans: readonly EntryPlan[],
  tally: Tally,
): Promise<Fetched> {
  const questions = plans.map((plan) => questionOf(shared, plan))
  const asks = firstAsks(questions, shared.reach)
  const first = await fetchAsks(shared, { rule: 'probe', asks, tally })
  const by = Map.groupBy(first.outcomes, ({ query }) => query.series.dimensions)
  const probed = questions.filter((one) => one.kind === 'probe')
  const moved = probed.filter((one) => isMoved(one, by.get(one.plan.work.identity.sample.dimensions) ?? []))
  const second = await fetchAsks(shared, {
    rule: 'rest',
    asks: moved.map(({ plan, rest }) => ({ wanted: rest, window: plan.window })),
    tally,
  })
  const still = probed.filter((one) => one.isSwept && !moved.includes(one))
  const whole = questions.filter(({ kind }) => kind === 'whole')
  return {
    requests: first.requests + second.requests,
    outcomes: [...first.outcomes, ...second.outcomes, ...still.flatMap(({ rest }) => silence(rest))],
    plans: [...whole, ...moved, ...still].map(({ plan }) => plan),
  }
}

/** Asks AWS for the plans of a slice, all of one purpose: at once, or under policy `probe` in two steps. */
export async function fetchPlans(
  shared: NamespaceContext,
  plans: readonly EntryPlan[],
  tally: Tally,
): Promise<Fetched> {
  const [first] = plans
  if (first === undefined) return { requests: 0, outcomes: [], plans }
  if (shared.policy.kind === 'probe' && first.work.purpose === 'live')
    return fetchProbed(shared, plans, tally)
  const rule = ruleOf(first.work, shared.policy)
  return { ...(await fetchAsks(shared, { rule, asks: asksOf(plans, shared.reach), tally })), plans }
}
