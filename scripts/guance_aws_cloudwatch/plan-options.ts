import type { CloudwatchConfigs, PlannedOption } from 'guance-aws-lambda/dff'
import { forecastPoll, type Outlook, steadyAwake } from './forecast.ts'
import { fingerprintOf, groupByIdentity, type Identity } from './identity.ts'
import { billedOf } from './plan.ts'
import { type Surveyed, withStatistics } from './prepare.ts'
import type { Series } from './series.ts'
import { type CompiledConfigs, compileConfigs, type NamespaceTarget } from './targets.ts'

/** The same Startup script with one setting changed. */
export interface ConfigsOption {
  readonly option: string
  readonly compiled: CompiledConfigs
}

/** Settings that change what is asked for. Also those that are set already: plans of several collectors are added up. */
export function compileOptions(configs: CloudwatchConfigs): readonly ConfigsOption[] {
  const targets = configs.targets.map((target) => ({ ...target, metrics: 'ALL' as const }))
  const options: readonly (readonly [string, CloudwatchConfigs])[] = [
    ['statistics: useful', { ...configs, statistics: 'useful' }],
    ['statistics: upstream', { ...configs, statistics: 'upstream' }],
    ['grains: default', { ...configs, grains: 'default' }],
    ['grains: all', { ...configs, grains: 'all' }],
    ['metrics: ALL', { ...configs, targets }],
    ['policy: everything', { ...configs, policy: 'everything' }],
    ['policy: mask', { ...configs, policy: 'mask' }],
    ['policy: probe', { ...configs, policy: 'probe' }],
  ]
  return options.map(([option, changed]) => ({ option, compiled: compileConfigs(changed) }))
}

/** All that the target or any option takes of a listing. */
export function surveyFor(target: NamespaceTarget, options: readonly ConfigsOption[]): Surveyed {
  const { namespace } = target
  const targets = [target, ...options.flatMap(({ compiled }) => compiled.namespaces)].filter(
    (one) => one.namespace === namespace,
  )
  return {
    namespace,
    catalogue: target.catalogue,
    selection: fingerprintOf(targets.map(({ selection }) => selection).join(' ')),
    select: (series) => [...new Set(targets.flatMap(({ select }) => select(series)))],
  }
}

/** Billed metrics of a poll that asks for these, by the policy; `outlook` knows who is awake. */
function billedPerPoll(
  { policy }: Pick<CompiledConfigs, 'policy'>,
  identities: readonly Identity[],
  outlook: Outlook,
): number {
  const isAwake = new Set(steadyAwake(outlook).map(({ fingerprint }) => fingerprint))
  // A dimension set that is not collected now is taken to be awake: nobody has said that it is not.
  const isKnown = new Set(outlook.identities.map(({ fingerprint }) => fingerprint))
  const parts = Map.groupBy(
    identities,
    ({ fingerprint }) => isAwake.has(fingerprint) || !isKnown.has(fingerprint),
  )
  const masked = {
    ...outlook.masked,
    isFresh: false,
    ...(policy.kind === 'everything'
      ? { awake: identities, asleep: [] }
      : { awake: parts.get(true) ?? [], asleep: parts.get(false) ?? [] }),
  }
  const changed = { ...outlook, identities, masked, shared: { ...outlook.shared, policy } }
  return forecastPoll(changed).reduce((sum, { asked }) => sum + asked.billedMetrics, 0)
}

/** What options are compared on. */
interface Compared {
  readonly namespace: string
  readonly listed: readonly Series[]
  readonly outlook: Outlook
  /** Of all identities what this function collects. */
  readonly ofTier: (identities: readonly Identity[]) => readonly Identity[]
}

/** What a namespace of a region would ask for with each setting. */
export function planOptions(
  place: Pick<PlannedOption, 'accountId' | 'region'>,
  options: readonly ConfigsOption[],
  { namespace, listed, outlook, ofTier }: Compared,
): readonly PlannedOption[] {
  return options.flatMap(({ option, compiled }) =>
    compiled.namespaces
      .filter((target) => target.namespace === namespace)
      .map((target) => {
        const all = withStatistics(compiled, target, target.select(listed))
        const identities = ofTier(groupByIdentity(all, target.catalogue?.nameDimension))
        const wanted = identities.flatMap((identity) => identity.wanted)
        // The audit asks once a day for everything.
        const billedMetricsPerDay = wanted.reduce((sum, one) => sum + billedOf(one), 0)
        const fields = wanted.reduce((sum, { statistics }) => sum + statistics.length, 0)
        const billedMetricsPerPoll = billedPerPoll(compiled, identities, outlook)
        return { ...place, option, billedMetricsPerPoll, billedMetricsPerDay, fields }
      }),
  )
}
