import type { Account, CloudwatchConfigs, Expectation, RunContext } from 'guance-aws-lambda/dff'
import {
  type AwsAccount,
  type AwsRegion,
  type Backoff,
  collectRegions,
  type Collector,
  describeAccess,
  isFatal,
  loadAccountId,
  loadRegions,
  makeProblem,
  openAccount,
  parseAccount,
  reportProblem,
  resolveRegions,
  type RegionResult,
  SINGLE_ATTEMPT,
} from 'guance-aws-lambda/sets/guance_integration'
import { planAccount } from './account-plan.ts'
import { type Budget, openBudget } from './budget.ts'
import { loadDelivered } from './delivered.ts'
import { cloudwatchProbes, examineCloudwatch } from './doctor.ts'
import { explainSeries } from './explain.ts'
import { loadOwnerIds, type OwnedRegion, ownedRegions, soughtMetrics } from './linked.ts'
import { collectNamespace, type NamespaceResult } from './namespace-run.ts'
import { type AdmittedValues, admitTagValues } from './tag-values.ts'
import { objectTagsOf } from './tags.ts'
import { type CompiledConfigs, compileConfigs } from './targets.ts'
import { usagePoints } from './usage-points.ts'

const NAME = 'AWS-CloudWatch'

interface CloudwatchRun {
  readonly context: RunContext
  readonly account: AwsAccount
  readonly compiled: CompiledConfigs
  readonly budget: Budget
  /** Of an account, or of one that is linked to it. */
  readonly admittedOf: (accountId: string) => Promise<ReadonlyMap<string, AdmittedValues>>
}

/** All namespaces of a region; it failed when none of them gave anything but failures. */
async function collectRegion(run: CloudwatchRun, region: AwsRegion): Promise<RegionResult> {
  const { context, account, compiled } = run
  const results: NamespaceResult[] = []
  const failures: unknown[] = []
  const attempt = async (scope: string, work: () => Promise<void>): Promise<void> => {
    try {
      await work()
    } catch (error) {
      context.signal.throwIfAborted()
      if (isFatal(error)) throw error
      failures.push(error)
      reportProblem(context, error, scope)
    }
  }
  for (const target of compiled.namespaces) {
    let owned: readonly OwnedRegion[] = [{ account, region }]
    await attempt(`${region.scope}/${target.namespace}`, async () => {
      owned = await ownedRegions(context, { account, region }, compiled, target)
    })
    for (const one of owned) {
      // One after the other: they share the region's request rate.
      await attempt(`${one.region.scope}/${target.namespace}`, async () => {
        const tagValues = await run.admittedOf(one.account.accountId)
        results.push(await collectNamespace({ ...run, ...one, target, tagValues }))
      })
    }
  }
  const hasWorked = results.some(({ failures: failed, slices }) => failed.length < slices || slices === 0)
  if (hasWorked) {
    return {
      kind: 'collected',
      scope: region.scope,
      points: results.reduce((sum, { points }) => sum + points, 0),
    }
  }
  const first = failures[0] ?? results[0]?.failures[0]
  return { kind: 'failed', scope: region.scope, problem: makeProblem(first, region.scope) }
}

/** Which values of tags metrics may take over of the objects that they are of, by class; what is too much is reported. */
async function admitLinked(
  context: RunContext,
  { configs, namespaces }: CompiledConfigs,
  { accountId, regions }: { readonly accountId: string; readonly regions: readonly string[] },
): Promise<ReadonlyMap<string, AdmittedValues>> {
  const classes = new Set(namespaces.flatMap(({ catalogue }) => catalogue?.objectClass ?? []))
  const linked = { accountId, regions, keys: objectTagsOf(configs), maxValues: configs.maxTagValues }
  const admitted = await Promise.all(
    [...classes].map(
      async (objectClass) =>
        [objectClass, await admitTagValues(context, { ...linked, objectClass })] as const,
    ),
  )
  return new Map(admitted)
}

/** The same for each account whose metrics are read, once in a run: functions of linked ones have values of their own. */
function admitByAccount(
  context: RunContext,
  compiled: CompiledConfigs,
  regions: readonly string[],
): CloudwatchRun['admittedOf'] {
  const known = new Map<string, ReturnType<typeof admitLinked>>()
  return async (accountId) => {
    const made = known.get(accountId) ?? admitLinked(context, compiled, { accountId, regions })
    known.set(accountId, made)
    return made
  }
}

async function expectMetrics(
  context: RunContext,
  account: Account,
  compiled: CompiledConfigs,
): Promise<Expectation> {
  const { configs, namespaces } = compiled
  const accountId = await loadAccountId(context, account)
  if (accountId === undefined) return { objects: [], metrics: [] }
  const place = { accountId, ...soughtMetrics(compiled) }
  const regions = await loadRegions(context, place, configs.regions)
  const metrics = await Promise.all(
    namespaces.map(async ({ namespace }) => {
      const fields = await Promise.all(
        regions.map(async (region) => {
          const owners = await loadOwnerIds(context, { accountId, region, namespace }, compiled)
          const lists = owners.map(async (id) => loadDelivered(context, `${id}/${region}`, namespace))
          return (await Promise.all(lists)).flat()
        }),
      )
      return { measurement: `aws_${namespace}`, fields: [...new Set(fields.flat())].toSorted() }
    }),
  )
  return { objects: [], metrics: metrics.filter(({ fields }) => fields.length > 0) }
}

/**
 * Collects CloudWatch metrics of one account. Throws BAD_PARAMETER at once, when the Startup script loads.
 * `backoff` is for tests; a Startup script leaves it out.
 */
export function CloudwatchCollector(
  account: Account,
  configs: CloudwatchConfigs,
  backoff?: Backoff,
): Collector {
  const checked = parseAccount(account)
  const compiled = compileConfigs(configs)
  const choice = compiled.configs.regions
  const sought = soughtMetrics(compiled)
  return {
    name: NAME,
    accountId: async (context) => (await openAccount(context, checked, backoff)).accountId,
    run: async (context) => {
      const opened = await openAccount(context, checked, backoff)
      const regions = await resolveRegions({ context, account: opened, ...sought }, choice)
      context.log(
        `collect account ${opened.accountId}: ${compiled.configs.targets.length} targets in ${regions.length} regions`,
      )
      const budget = await openBudget(context, compiled, opened.accountId)
      if (budget.isSkipped) context.log(`account ${opened.accountId}: left out of this poll by its budget`)
      const admittedOf = admitByAccount(context, compiled, regions)
      await admittedOf(opened.accountId)
      const results = await collectRegions(
        { context, account: opened, regions: budget.isSkipped ? [] : regions },
        async (region) => collectRegion({ context, account: opened, compiled, budget, admittedOf }, region),
      )
      const usage = usagePoints(context, opened, compiled)
      if (usage.length > 0) await context.commit({ points: usage, state: {} })
      await budget.close()
      return results
    },
    expected: async (context) => expectMetrics(context, checked, compiled),
    plan: async (context, question) => {
      const opened = await openAccount(context, checked, backoff)
      return planAccount({ context, account: opened, compiled }, question)
    },
    explain: async (context, question) => explainSeries(context, question, { account: checked, compiled }),
    access: async (context) =>
      describeAccess(context, checked, {
        regions: choice,
        probes: cloudwatchProbes(compiled, context.triggerTimeMs),
      }),
    doctor: async (context) => {
      const opened = await openAccount(context, checked, SINGLE_ATTEMPT)
      const regions = await resolveRegions({ context, account: opened, ...sought }, choice)
      return examineCloudwatch({ context, account: opened, regions }, compiled)
    },
  }
}
