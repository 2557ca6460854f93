import { type Account, type Expectation, type LogsConfigs, type RunContext } from 'guance-aws-lambda/dff'
import {
  type AwsAccount,
  type Backoff,
  collectRegions,
  type Collector,
  DEFAULT_CLOUD_PROVIDER,
  describeAccess,
  examineRegions,
  loadAccountId,
  loadRegions,
  openAccount,
  parseAccount,
  resolveRegions,
  SINGLE_ATTEMPT,
} from 'guance-aws-lambda/sets/guance_integration'
import { examineLogs, logsProbes } from './doctor.ts'
import { expectLogs } from './expectation.ts'
import { compileOptions } from './log-options.ts'
import { compileTargets, type LogTargets } from './log-targets.ts'
import { planLogs } from './logs-plan.ts'
import { ID_BOUNDS, type IdBounds } from './pace.ts'
import { collectLogs, type LogsRun } from './region-logs.ts'

const NAME = 'AWS-CloudWatchLogs'

/** Of the metrics that make a region one to look for functions in. */
const NAMESPACES = ['AWS/Lambda'] as const

function allRegions({ named }: LogTargets, autoRegions: readonly string[]): readonly string[] {
  return [...new Set([...autoRegions, ...named.keys()])]
}

async function findAutoRegions(
  context: RunContext,
  account: AwsAccount,
  { autoRegions }: LogTargets,
): Promise<readonly string[]> {
  return autoRegions === undefined
    ? []
    : resolveRegions({ context, account, namespaces: NAMESPACES }, autoRegions)
}

async function expectRegions(
  context: RunContext,
  account: Account,
  { targets, hasLines }: { readonly targets: LogTargets; readonly hasLines: boolean },
): Promise<Expectation> {
  const accountId = await loadAccountId(context, account)
  if (accountId === undefined) return { objects: [], metrics: [] }
  const auto = targets.autoRegions
  const place = { accountId, namespaces: NAMESPACES }
  const found = auto === undefined ? [] : await loadRegions(context, place, auto)
  return expectLogs(context, { accountId, regions: allRegions(targets, found), hasLines })
}

/** Where `regions` of dff policy is auto, it names none. */
function regionsOfPolicy({ autoRegions, named }: LogTargets) {
  if (autoRegions === 'auto') return autoRegions
  const names = [...new Set([...(autoRegions ?? []), ...named.keys()])]
  return names as Exclude<NonNullable<LogsConfigs['auto']>['regions'], 'auto'>
}

/**
 * Collects logs of one account: the groups of its Lambda functions, and those that are named. `configs` may be upstream's list
 * of regions alone (guance.md §5.1). Throws BAD_PARAMETER at once, when the Startup script loads. `backoff` and `bounds` are for
 * tests.
 */
export function CloudwatchLogsCollector(
  account: Account,
  configs: LogsConfigs | NonNullable<LogsConfigs['log_groups']>,
  backoff?: Backoff,
  bounds: IdBounds = ID_BOUNDS,
): Collector {
  const checked = parseAccount(account)
  const targets = compileTargets(configs)
  const options = compileOptions(targets.configs, DEFAULT_CLOUD_PROVIDER)
  const open = async (context: RunContext, patience: Backoff | undefined) => {
    const opened = await openAccount(context, checked, patience)
    const autoRegions = await findAutoRegions(context, opened, targets)
    const run: LogsRun = { context, account: opened, targets, options, autoRegions, bounds }
    return { run, regions: allRegions(targets, autoRegions) }
  }
  return {
    name: NAME,
    accountId: async (context) => (await openAccount(context, checked, backoff)).accountId,
    run: async (context) => {
      const { run, regions } = await open(context, backoff)
      context.log(`collect account ${run.account.accountId}: logs in ${regions.length} regions`)
      return collectRegions({ ...run, regions }, async (region) => collectLogs(run, region))
    },
    expected: async (context) => expectRegions(context, checked, { targets, hasLines: options.hasLines }),
    plan: async (context, question) => {
      const { run, regions } = await open(context, backoff)
      return planLogs(run, regions, question)
    },
    access: async (context) =>
      describeAccess(context, checked, { regions: regionsOfPolicy(targets), probes: logsProbes(targets) }),
    doctor: async (context) => {
      const { run, regions } = await open(context, SINGLE_ATTEMPT)
      const listing = await examineRegions(run.account, targets.autoRegions ?? [])
      return [...listing, ...(await examineLogs({ ...run, regions }, targets))]
    },
  }
}
