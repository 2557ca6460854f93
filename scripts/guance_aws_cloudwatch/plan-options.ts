import type { CloudwatchConfigs, PlannedOption } from 'guance-aws-lambda/dff'
import { fingerprintOf } from './identity.ts'
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

/** What a namespace of a region would ask for with each setting. */
export function planOptions(
  place: Pick<PlannedOption, 'accountId' | 'region'>,
  options: readonly ConfigsOption[],
  { namespace, listed }: { readonly namespace: string; readonly listed: readonly Series[] },
): readonly PlannedOption[] {
  return options.flatMap(({ option, compiled }) =>
    compiled.namespaces
      .filter((target) => target.namespace === namespace)
      .map((target) => {
        const wanted = withStatistics(compiled, target, target.select(listed))
        const billed = wanted.reduce((sum, one) => sum + billedOf(one), 0)
        const fields = wanted.reduce((sum, { statistics }) => sum + statistics.length, 0)
        // The audit asks once a day for what every poll asks for.
        return { ...place, option, billedMetricsPerPoll: billed, billedMetricsPerDay: billed, fields }
      }),
  )
}
