import { DffError, type LogsConfigs, validate } from 'guance-aws-lambda/dff'
import { compileNames, type NameTest } from 'guance-aws-lambda/sets/guance_integration'
import { regionOfArn } from './log-group.ts'

/** Case counts, as it does at CloudWatch Logs; no list takes everything. Throws BAD_PARAMETER. */
function compileList(patterns: readonly string[] | undefined, place: string): NameTest {
  return patterns === undefined ? () => true : compileNames(patterns, { place, example: '2026/*' })
}

/** Groups that the configuration names in one region: patterns of streams by group, all of which must fit. */
export type NamedGroups = ReadonlyMap<string, readonly NameTest[]>

/** The configuration, checked. */
export interface LogTargets {
  readonly configs: LogsConfigs
  /** Regions in which functions are looked for; undefined where no group follows from a function. */
  readonly autoRegions: NonNullable<LogsConfigs['auto']>['regions'] | undefined
  readonly isFunctionWanted: NameTest
  readonly named: ReadonlyMap<string, NamedGroups>
}

/** Of a group elsewhere CloudWatch Logs would say at each poll that it is not there. */
function checkArn(name: string, region: string, place: string): void {
  if (!name.startsWith('arn:') || regionOfArn(name) === region) return
  throw new DffError({
    code: 'BAD_PARAMETER',
    place,
    expected: `the ARN of a log group in ${region}, arn:aws:logs:${region}:ACCOUNT:log-group:NAME`,
    got: name,
    remedy: 'Name the group under the region_id in which it is.',
  })
}

/** A wildcard would need a listing of all groups, which `auto` makes unnecessary for those of functions. */
function checkGroupName(name: string, place: string): void {
  if (!name.replace(/:\*$/, '').includes('*')) return
  throw new DffError({
    code: 'BAD_PARAMETER',
    place,
    expected: 'the name of one log group',
    got: name,
    remedy: 'Name each group; the groups of all Lambda functions are what auto is for.',
  })
}

function compileNamed(regions: NonNullable<LogsConfigs['log_groups']>): LogTargets['named'] {
  const named = new Map<string, Map<string, NameTest[]>>()
  for (const [index, { region_id: region, targets }] of regions.entries()) {
    const groups = named.get(region) ?? new Map<string, NameTest[]>()
    named.set(region, groups)
    for (const [at, { log_group_name: name, log_streams: streams }] of targets.entries()) {
      const place = `logsConfigs: log_groups[${index}].targets[${at}]`
      checkGroupName(name, `${place}.log_group_name`)
      checkArn(name, region, `${place}.log_group_name`)
      const tests = groups.get(name) ?? []
      groups.set(name, [...tests, compileList(streams, `${place}.log_streams`)])
    }
  }
  return named
}

/** What a Startup script hands over: upstream's list of regions alone, or all of it. Throws BAD_PARAMETER. */
export function compileTargets(given: LogsConfigs | NonNullable<LogsConfigs['log_groups']>): LogTargets {
  const whole: unknown = Array.isArray(given) ? { log_groups: given } : given
  const configs = validate('logs-configs', whole, 'logsConfigs')
  return {
    configs,
    autoRegions: configs.auto?.regions,
    isFunctionWanted: compileList(configs.auto?.functions, 'logsConfigs: auto.functions'),
    named: compileNamed(configs.log_groups ?? []),
  }
}
