import type { Catalogue } from 'guance-aws-lambda/dff'
import { dimensionSetOf, type Series, sortNames } from './series.ts'

/** Which published dimension sets of a metric are collected. */
export type GrainChoice =
  | { readonly kind: 'default' }
  | { readonly kind: 'all' }
  | { readonly kind: 'exact'; readonly names: readonly string[] }

type SetsByMetric = ReadonlyMap<string, ReadonlySet<string>>

function listSets(series: readonly Series[]): SetsByMetric {
  const sets = new Map<string, Set<string>>()
  for (const one of series) {
    const known = sets.get(one.metric)
    if (known === undefined) sets.set(one.metric, new Set([dimensionSetOf(one)]))
    else known.add(dimensionSetOf(one))
  }
  return sets
}

function smallest(sets: ReadonlySet<string>): string | undefined {
  return [...sets]
    .filter((set) => set !== '')
    .toSorted((left, right) => left.split(',').length - right.split(',').length || (left < right ? -1 : 1))[0]
}

/**
 * The set a metric is collected in: what the catalogue says of it. AWS lists the sets of a new metric one after the
 * other, so what is listed decides only where nobody documents a metric's sets: else two would come one after the other.
 */
function mainSet(catalogue: Catalogue, metric: string, listed: SetsByMetric): string | undefined {
  const stated = catalogue.metrics[metric]
  const usual = sortNames(catalogue.grain).join(',')
  if (stated !== undefined && stated.grain !== 'listed') {
    return stated.grain === undefined ? usual : sortNames(stated.grain).join(',')
  }
  const sets = listed.get(metric) ?? new Set()
  return sets.has(usual) ? usual : smallest(sets)
}

/** All default sets of a metric: those beside the main one hold other values, so that sums over all do not double. */
function defaultSets(catalogue: Catalogue, metric: string, listed: SetsByMetric): ReadonlySet<string> {
  const main = mainSet(catalogue, metric, listed)
  const further = catalogue.metrics[metric]?.furtherGrains ?? []
  return new Set([
    ...(main === undefined ? [] : [main]),
    ...further.map((names) => sortNames(names).join(',')),
  ])
}

/**
 * Series of the chosen grain. By default one dimension set per metric, because two in one measurement double every
 * `sum(…)`; a namespace without a catalogue gives every set it publishes.
 */
export function selectGrains(
  series: readonly Series[],
  choice: GrainChoice,
  catalogue: Catalogue | undefined,
): readonly Series[] {
  if (choice.kind === 'exact') {
    const wanted = sortNames(choice.names).join(',')
    return series.filter((one) => dimensionSetOf(one) === wanted)
  }
  if (choice.kind === 'all' || catalogue === undefined) return series
  const listed = listSets(series)
  const wanted = new Map(
    [...listed.keys()].map((metric) => [metric, defaultSets(catalogue, metric, listed)] as const),
  )
  return series.filter((one) => wanted.get(one.metric)?.has(dimensionSetOf(one)))
}
