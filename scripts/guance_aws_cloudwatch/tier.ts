import type { Catalogue, CloudwatchConfigs, EpochMs, RunContext } from 'guance-aws-lambda/dff'
import { HOUR_MS } from 'guance-aws-lambda/dff'
import { compileGlobs, type Inventory } from 'guance-aws-lambda/sets/guance_integration'
import type { Identity } from './identity.ts'
import type { SeriesStatistics } from './plan.ts'
import { loadRegionState } from './region-state.ts'
import { dimensionSetOf, sortNames } from './series.ts'
import type { Place } from './state-keys.ts'

type Members = Pick<NonNullable<CloudwatchConfigs['critical']>, 'functions' | 'tags'>

/** Nobody has run the critical tier for so long: what it should collect is missing. */
const MISSING_MS = HOUR_MS

/** Who is of a tier: by name, or by the tags that the last listing of functions shows. */
export function memberTest(
  members: Members | undefined,
  inventory: Inventory | undefined,
): (name: string) => boolean {
  if (members === undefined) return () => false
  const { functions = [], tags } = members
  const wanted = Object.entries(tags ?? {})
  const entries = wanted.length === 0 ? [] : [...(inventory?.gone ?? []), ...(inventory?.entries ?? [])]
  const tagged = new Set(
    entries
      .filter((entry) => wanted.every(([key, value]) => entry.tags[key] === value))
      .map(({ name }) => name),
  )
  // As metric names are: whatever their case.
  const isNamed = compileGlobs(functions.map((pattern) => pattern.toLowerCase()))
  return (name) => tagged.has(name) || isNamed(name.toLowerCase())
}

/** Identities parted into those of this tier, and what the gate must ask for besides: those of the other. */
export interface Tiered {
  readonly own: readonly Identity[]
  /** Of whom another function collects the core: whole, as they would be. */
  readonly critical: readonly Identity[]
}

function withWanted(identity: Identity, wanted: readonly SeriesStatistics[]): readonly Identity[] {
  return wanted.length === 0 ? [] : [{ ...identity, wanted }]
}

/**
 * Gives each series to one tier: the core of critical functions to `critical`, everything else to the rest. Where nobody
 * knows the core of a namespace, nothing is critical.
 */
export function splitTiers(
  identities: readonly Identity[],
  {
    tier,
    isCritical,
    catalogue,
  }: {
    readonly tier: Place['tier']
    readonly isCritical: (name: string) => boolean
    readonly catalogue: Catalogue | undefined
  },
): Tiered {
  const usual = sortNames(catalogue?.grain ?? []).join(',')
  const isCore = ({ series }: SeriesStatistics): boolean => catalogue?.metrics[series.metric]?.core === true
  const isMeant = ({ name, sample, wanted }: Identity): boolean =>
    name !== undefined && isCritical(name) && dimensionSetOf(sample) === usual && wanted.some(isCore)
  const critical = identities.filter(isMeant)
  if (tier === 'critical') {
    return { own: critical.flatMap((one) => withWanted(one, one.wanted.filter(isCore))), critical: [] }
  }
  const chosen = new Set(critical)
  const own = identities.flatMap((one) =>
    chosen.has(one)
      ? withWanted(
          one,
          one.wanted.filter((each) => !isCore(each)),
        )
      : [one],
  )
  return { own, critical }
}

/** Says when functions were made critical, and no function collects them. */
export async function reportUncollected(
  context: RunContext,
  place: Place,
  { nowMs, count, isFirst }: { readonly nowMs: EpochMs; readonly count: number; readonly isFirst: boolean },
): Promise<void> {
  // At a first run the other one may come later.
  if (count === 0 || isFirst) return
  const other = await loadRegionState(context, { ...place, tier: 'critical' })
  if (other !== undefined && nowMs - (other.polledMs ?? other.listedMs) < MISSING_MS) return
  context.report({
    code: 'critical-not-run',
    severity: 'error',
    scope: `${place.scope}/${place.namespace}`,
    message: `${count} functions are critical, and nothing collects their invocations, errors, throttles and durations: export runCritical with tier: 'critical' in the Startup script, deploy it, and enable its trigger.`,
  })
}
