import {
  type Catalogue,
  closestName,
  type CloudwatchConfigs,
  DffError,
  validate,
} from 'guance-aws-lambda/dff'
import { namedPatterns, type NameTest } from 'guance-aws-lambda/sets/guance_integration'
import { findCatalogue } from './catalogue.ts'
import { type GrainChoice, selectGrains } from './grains.ts'
import { fingerprintOf } from './identity.ts'
import { compilePatterns } from './patterns.ts'
import { compilePolicy, type Policy } from './policy.ts'
import type { Series } from './series.ts'
import type { Place } from './state-keys.ts'
import { compileStatistics, type StatisticsOf } from './statistics.ts'
import { hasCounts } from './zeros.ts'

type Target = CloudwatchConfigs['targets'][number]

/** All targets of one namespace, ANDed. */
export interface NamespaceTarget {
  readonly namespace: string
  readonly catalogue: Catalogue | undefined
  /** The same as long as `select` takes the same. */
  readonly selection: string
  readonly tier?: Place['tier']
  /** Those of the listed series that are to be collected. What it selects of parts may be selected from again as a whole. */
  readonly select: (series: readonly Series[]) => readonly Series[]
}

/** `configs` checked and compiled. */
export interface CompiledConfigs {
  readonly configs: CloudwatchConfigs
  readonly namespaces: readonly NamespaceTarget[]
  readonly statisticsOf: StatisticsOf
  readonly policy: Policy
}

function refuseUnknown(pattern: string, place: string, catalogue: Catalogue): never {
  const nearest = closestName(pattern.replaceAll('*', ''), ['ALL', 'NOT', ...Object.keys(catalogue.metrics)])
  const hint = nearest === undefined ? '' : `Did you mean ${nearest}? `
  throw new DffError({
    code: 'BAD_PARAMETER',
    place,
    expected: `a metric of ${catalogue.namespace}`,
    got: `${JSON.stringify(pattern)}, which matches none`,
    remedy: `${hint}For a metric newer than this version, set allowUnknownMetrics: true.`,
  })
}

function checkNames({ metrics, allowUnknownMetrics }: Target, place: string, catalogue: Catalogue): void {
  if (allowUnknownMetrics === true) return
  const known = Object.keys(catalogue.metrics)
  if (metrics === 'ALL') return
  for (const pattern of namedPatterns(metrics)) {
    if (known.some(compilePatterns([pattern], place))) continue
    refuseUnknown(pattern, `${place}[${metrics.indexOf(pattern)}]`, catalogue)
  }
}

function refuseEmpty(namespace: string): never {
  throw new DffError({
    code: 'BAD_PARAMETER',
    place: 'cloudwatchConfigs: targets',
    expected: `targets of ${namespace} that together leave at least one metric`,
    got: 'lists that exclude each other',
    remedy: 'Two targets of one namespace are ANDed; put what you want into one list.',
  })
}

function grainOf({ dimensions }: Target, grains: CloudwatchConfigs['grains']): GrainChoice {
  if (dimensions !== undefined) return { kind: 'exact', names: dimensions }
  return grains === 'all' ? { kind: 'all' } : { kind: 'default' }
}

function compileNamespace(namespace: string, configs: CloudwatchConfigs): NamespaceTarget {
  const catalogue = findCatalogue(namespace)
  const targets = configs.targets.filter((target) => target.namespace === namespace)
  const tests = targets.map((target): NameTest => {
    const place = `cloudwatchConfigs: targets[${configs.targets.indexOf(target)}].metrics`
    const test = compilePatterns(target.metrics, place)
    if (catalogue !== undefined) checkNames(target, place, catalogue)
    return test
  })
  const isWanted: NameTest = (name) => tests.every((test) => test(name))
  const mayBeNew = targets.some(({ allowUnknownMetrics }) => allowUnknownMetrics === true)
  if (catalogue !== undefined && !mayBeNew && !Object.keys(catalogue.metrics).some(isWanted)) {
    refuseEmpty(namespace)
  }
  // A target that names dimensions overrides the default grains, as upstream; two that differ leave nothing.
  const exact = targets.filter(({ dimensions }) => dimensions !== undefined)
  const grains = (exact.length > 0 ? exact : targets.slice(0, 1)).map((one) => grainOf(one, configs.grains))
  // The catalogue too: a newer version of it may collect a metric in another dimension set.
  const selection = fingerprintOf(JSON.stringify([targets.map(({ metrics }) => metrics), grains, catalogue]))
  return {
    namespace,
    catalogue,
    selection,
    ...(configs.tier === undefined ? {} : { tier: configs.tier }),
    select: (series) =>
      grains.reduce<readonly Series[]>(
        (left, grain) => selectGrains(left, grain, catalogue),
        series.filter((one) => isWanted(one.metric)),
      ),
  }
}

/** Names a metric in `statistics` that no catalogued target can collect: a typo would silently change nothing. */
function checkStatistics({ statistics, targets }: CloudwatchConfigs): void {
  if (typeof statistics !== 'object') return
  const catalogues = targets.map(({ namespace }) => findCatalogue(namespace))
  const isOpen =
    catalogues.includes(undefined) || targets.some((target) => target.allowUnknownMetrics === true)
  if (isOpen) return
  for (const metric of Object.keys(statistics)) {
    const isKnown = catalogues.some((one) =>
      Object.keys(one?.metrics ?? {}).some((name) => name.toLowerCase() === metric.toLowerCase()),
    )
    const [first] = catalogues
    if (!isKnown && first !== undefined) refuseUnknown(metric, 'cloudwatchConfigs: statistics', first)
  }
}

/** Where no metric is known to count events, nothing would follow the setting, and nobody would notice. */
function checkZeros({ zeros }: CloudwatchConfigs, namespaces: readonly NamespaceTarget[]): void {
  if (zeros !== true || namespaces.some(({ catalogue }) => hasCounts(catalogue))) return
  throw new DffError({
    code: 'BAD_PARAMETER',
    place: 'cloudwatchConfigs: zeros',
    expected: 'a target of a namespace with metrics that are known to count events, such as AWS/Lambda',
    got: `only ${namespaces.map(({ namespace }) => namespace).join(', ')}`,
    remedy: 'Leave zeros out.',
  })
}

/** A tier without members, or of a namespace whose core nobody knows, would collect nothing, and nobody would notice. */
function checkTier({ critical, tier }: CloudwatchConfigs, namespaces: readonly NamespaceTarget[]): void {
  const isKnown = namespaces.some(({ catalogue }) =>
    Object.values(catalogue?.metrics ?? {}).some(({ core }) => core === true),
  )
  if (critical === undefined ? tier === undefined : isKnown) return
  throw new DffError({
    code: 'BAD_PARAMETER',
    place: `cloudwatchConfigs: ${critical === undefined ? 'tier' : 'critical'}`,
    expected:
      critical === undefined
        ? 'critical, which says whose metrics the tier collects'
        : 'a target of a namespace whose core metrics are known, such as AWS/Lambda',
    got: critical === undefined ? 'none' : `only ${namespaces.map(({ namespace }) => namespace).join(', ')}`,
    remedy: critical === undefined ? 'Add critical, or leave tier out.' : 'Leave critical out.',
  })
}

/** Checks and compiles the parameter block; throws BAD_PARAMETER naming the place, when the Startup script loads. */
export function compileConfigs(value: CloudwatchConfigs): CompiledConfigs {
  const configs = validate('cloudwatch-configs', value, 'cloudwatchConfigs')
  checkStatistics(configs)
  const names = [...new Set(configs.targets.map(({ namespace }) => namespace))]
  const namespaces = names.map((namespace) => compileNamespace(namespace, configs))
  checkZeros(configs, namespaces)
  checkTier(configs, namespaces)
  return {
    configs,
    namespaces,
    statisticsOf: compileStatistics(configs.statistics),
    policy: compilePolicy(configs),
  }
}
