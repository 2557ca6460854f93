import { type Catalogue, type CloudwatchConfigs, MINUTE_MS } from 'guance-aws-lambda/dff'
import type { Identity } from './identity.ts'
import type { SeriesStatistics } from './plan.ts'
import { dimensionSetOf, sortNames } from './series.ts'

/** Which of the wanted series a poll asks for, and how much later than under `everything` a value may come. */
export interface Policy {
  readonly kind: 'everything' | 'mask' | 'probe'
  readonly maxLatenessMs: number
}

const DEFAULT_LATENESS_MIN = 10

/** A zero says that nothing happened, and who is not asked cannot say so: where zeros are written, nothing is skipped. */
export function compilePolicy({ policy = 'mask', maxLatenessMin, zeros, tier }: CloudwatchConfigs): Policy {
  return {
    // Who is critical is few, and not to be waited for.
    kind: zeros === true || tier !== undefined ? 'everything' : policy,
    maxLatenessMs: (maxLatenessMin ?? DEFAULT_LATENESS_MIN) * MINUTE_MS,
  }
}

/** What a first question asks of an identity, and what only follows when it is answered. */
export interface Probing {
  /** Without a datapoint of these there is none of the rest. */
  readonly probes: readonly SeriesStatistics[]
  /** Said by no probe. */
  readonly swept: readonly SeriesStatistics[]
  readonly rest: readonly SeriesStatistics[]
}

/** How an identity can be probed; undefined when nothing of it says anything about the rest. */
export function probingOf(catalogue: Catalogue | undefined, { wanted }: Identity): Probing | undefined {
  const names = new Set(wanted.map(({ series }) => series.metric))
  const probeOf = ({ series }: SeriesStatistics): string | undefined => {
    const probe = catalogue?.metrics[series.metric]?.coveredBy
    return probe !== undefined && names.has(probe) ? probe : undefined
  }
  const rest = wanted.filter((one) => probeOf(one) !== undefined)
  const probing = new Set(rest.map(probeOf))
  const isProbe = ({ series }: SeriesStatistics): boolean => probing.has(series.metric)
  if (rest.length === 0) return undefined
  return {
    probes: wanted.filter((one) => isProbe(one)),
    swept: wanted.filter((one) => !isProbe(one) && probeOf(one) === undefined),
    rest: rest.filter((one) => !isProbe(one)),
  }
}

/** The only statistic that adds up over functions. */
export const GATE_STATISTIC = 'Sum'

/** Series of an identity whose sum over all of a region AWS publishes as well; none for other dimension sets. */
export function gatedOf(catalogue: Catalogue | undefined, identity: Identity): readonly SeriesStatistics[] {
  if (catalogue === undefined || dimensionSetOf(identity.sample) !== sortNames(catalogue.grain).join(',')) {
    return []
  }
  return identity.wanted.flatMap(({ series, statistics }) => {
    const isGated = catalogue.metrics[series.metric]?.gate === true && statistics.includes(GATE_STATISTIC)
    return isGated ? [{ series, statistics: [GATE_STATISTIC] }] : []
  })
}
