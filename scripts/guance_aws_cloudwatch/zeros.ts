import type { Catalogue, EpochMs, Window } from 'guance-aws-lambda/dff'
import type { CataloguedMetric } from './catalogue.ts'
import type { NamespaceContext } from './circumstances.ts'
import type { EntryPlan } from './entry-plan.ts'
import type { QueryOutcome } from './fetch.ts'
import type { Entry } from './ledger.ts'
import { isWithin } from './ranges.ts'
import { fieldName } from './statistics.ts'
import { PERIOD_SEC } from './window.ts'

/** The only statistic of which "nothing happened" is a number. */
const STATISTIC = 'Sum'

/** What zeros an identity's minutes may hold, and which of them are to be written. */
export interface Zeros {
  /** Its counts: 0 where a minute has no value of them. */
  readonly fields: readonly string[]
  /** Minutes outside it hold no zero that is to be written; empty where zeros are not asked for, or not known to be meant. */
  readonly window: Window
  /** Whether the function is known to have existed in that minute. */
  readonly isAlive: (timeMs: EpochMs) => boolean
}

const NEVER: Window = { startMs: 0, endMs: 0 }

/**
 * Whether a minute without a datapoint means that nothing happened: of events that are counted by the minute. A sample
 * that is absent was not taken, an amount that is not counted in pieces is nobody's zero, and a datapoint of five minutes
 * stands for four without one.
 */
function isCounted({ kind, unit, stamp, intervalSec = PERIOD_SEC }: CataloguedMetric): boolean {
  return kind === 'count' && unit === 'Count' && stamp !== 'sample' && intervalSec === PERIOD_SEC
}

/** Whether a namespace has metrics of which a zero is meant. */
export function hasCounts(catalogue: Catalogue | undefined): boolean {
  return Object.values(catalogue?.metrics ?? {}).some(isCounted)
}

/** Queries of counts that are not refused. */
function countsOf(
  catalogue: Catalogue | undefined,
  outcomes: readonly QueryOutcome[],
): readonly QueryOutcome[] {
  return outcomes.filter(({ query: { series, statistic }, outcome }) => {
    const known = catalogue?.metrics[series.metric]
    const isCount = statistic === STATISTIC && known !== undefined && isCounted(known)
    return isCount && outcome.kind !== 'forbidden'
  })
}

function earliest(lines: ReadonlyMap<EpochMs, unknown>): EpochMs {
  let first = Number.MAX_SAFE_INTEGER
  for (const timeMs of lines.keys()) first = Math.min(first, timeMs)
  return first
}

/**
 * The entry with since when its identity is known to exist: from its first datapoint, or from when AWS was first seen to
 * list it. `before` is the entry of the last commit; nothing is remembered where zeros are not asked for, or an inventory
 * says it.
 */
export function keepAlive(
  { lives }: Pick<NamespaceContext, 'lives'>,
  { settledEndMs, circumstances }: Pick<EntryPlan, 'settledEndMs' | 'circumstances'>,
  {
    name,
    entry,
    before,
    lines,
  }: {
    readonly name: string | undefined
    readonly entry: Entry
    readonly before: Entry | undefined
    readonly lines: ReadonlyMap<EpochMs, unknown>
  },
): Entry {
  const { aliveMs: _, ...rest } = entry
  const isOfInventory = lives !== 'unlisted' && name !== undefined
  if (lives === undefined || isOfInventory) return rest
  const knownMs = before === undefined ? settledEndMs : (before.aliveMs ?? before.firstMs)
  const aliveMs = Math.min(knownMs, earliest(lines))
  // What is older has no digest any more, and is asked for by hand alone.
  const isTelling = aliveMs > rest.firstMs && aliveMs > (circumstances.digests[0]?.startMs ?? 0)
  return isTelling ? { ...rest, aliveMs } : rest
}

/** What an inventory says of the identity's function, or of itself what its ledger does. */
function aliveTest(
  { lives }: Pick<NamespaceContext, 'lives'>,
  name: string | undefined,
  { entry, firstMs }: { readonly entry: Entry; readonly firstMs: EpochMs },
): (timeMs: EpochMs) => boolean {
  if (lives === undefined) return () => false
  const spans = name === undefined || lives === 'unlisted' ? undefined : (lives.get(name) ?? [])
  if (spans === undefined) {
    const sinceMs = Math.min(entry.aliveMs ?? entry.firstMs, firstMs)
    return (timeMs) => timeMs >= sinceMs
  }
  const sinceMs = Math.min(entry.firstMs, firstMs)
  return (timeMs) => timeMs >= sinceMs && isWithin(spans, timeMs)
}

/** The zeros of one identity's plan, given its outcomes and the entry that is to be committed. */
export function zerosOf(
  shared: Pick<NamespaceContext, 'lives' | 'catalogue'>,
  {
    plan,
    outcomes,
  }: {
    readonly plan: Pick<EntryPlan, 'window' | 'settledEndMs' | 'work'>
    readonly outcomes: readonly QueryOutcome[]
  },
  { entry, lines }: { readonly entry: Entry; readonly lines: ReadonlyMap<EpochMs, unknown> },
): Zeros {
  const { window, settledEndMs, work } = plan
  const counts = countsOf(shared.catalogue, outcomes)
  // All or none: a line with some of its zeros could not be told later from one that CloudWatch has changed.
  const isMeant = counts.every(({ outcome, isUnanswered }) => outcome.kind === 'complete' && !isUnanswered)
  const isDue = shared.lives !== undefined && isMeant
  return {
    fields: counts.map(({ query: { series, statistic } }) => fieldName(series.metric, statistic)),
    window: isDue ? { ...window, endMs: Math.min(window.endMs, settledEndMs) } : NEVER,
    isAlive: aliveTest(shared, work.identity.name, { entry, firstMs: earliest(lines) }),
  }
}
