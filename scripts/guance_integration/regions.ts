import type { Metric } from '@aws-sdk/client-cloudwatch'
import type { FunctionConfiguration } from '@aws-sdk/client-lambda'
import { DAY_MS, type EpochMs, type Json, type RunContext } from 'guance-aws-lambda/dff'
import type { AwsAccount } from './aws-account.ts'
import { AwsFailure, reportProblem } from './aws-error.ts'
import type { AwsRegion } from './aws-region.ts'
import { mapConcurrently } from './concurrency.ts'
import type { RegionChoice } from './region-choice.ts'
import { listEnabledRegions } from './enabled-regions.ts'
import { readList, readToken } from './reply.ts'

/** A region that is used for the first time waits a day at most. */
const EXAMINE_EVERY_MS = DAY_MS

/** What an examination found, as it is kept. */
interface Examined {
  readonly atMs: EpochMs
  readonly regions: readonly string[]
}

interface Examination {
  readonly context: RunContext
  readonly account: AwsAccount
  /** CloudWatch namespaces whose metrics make a region one to collect from. */
  readonly namespaces: readonly string[]
  /** Whether metrics of accounts that are linked to this one count as well (CloudWatch cross-account observability). */
  readonly isLinked?: boolean
}

/** What an examination is kept under. */
interface ExaminedPlace extends Pick<Examination, 'namespaces' | 'isLinked'> {
  readonly accountId: string
}

const LAMBDA = 'AWS/Lambda'

function stateKey({ accountId, namespaces, isLinked = false }: ExaminedPlace): string {
  return `regions/${accountId}/${[...namespaces].toSorted().join(',')}${isLinked ? '/linked' : ''}`
}

function placeOf({ account: { accountId }, namespaces, isLinked = false }: Examination): ExaminedPlace {
  return { accountId, namespaces, isLinked }
}

async function loadExamined(context: RunContext, place: ExaminedPlace): Promise<Examined | undefined> {
  // Written by examine alone.
  return (await context.load(stateKey(place))) as unknown as Examined | undefined
}

async function hasMetrics(region: AwsRegion, namespace: string, isLinked: boolean): Promise<boolean> {
  const { ListMetricsCommand } = await import('@aws-sdk/client-cloudwatch')
  const client = await region.cloudwatch()
  const input = { Namespace: namespace, ...(isLinked ? { IncludeLinkedAccounts: true } : {}) }
  return region.call('cloudwatch:ListMetrics', async (abortSignal) => {
    const { Metrics, NextToken } = await client.send(new ListMetricsCommand(input), { abortSignal })
    // Within the call: an empty reply of a proxy is asked for again, and hides no region for a day.
    const isFound = readList<Metric>(Metrics, 'metrics', []).length > 0
    // A page of several accounts may be empty and not be the last.
    return isFound || readToken(NextToken, undefined) !== undefined
  })
}

async function hasFunctions(region: AwsRegion): Promise<boolean> {
  const { ListFunctionsCommand } = await import('@aws-sdk/client-lambda')
  const client = await region.lambda()
  return region.call('lambda:ListFunctions', async (abortSignal) => {
    const { Functions } = await client.send(new ListFunctionsCommand({ MaxItems: 1 }), { abortSignal })
    return readList<FunctionConfiguration>(Functions, 'functions', []).length > 0
  })
}

/** The first question that finds something settles it. What is refused is named once a day: the region may have something. */
async function findsSomething(
  { context, namespaces, isLinked = false }: Examination,
  region: AwsRegion,
): Promise<boolean> {
  const questions = [
    ...(namespaces.includes(LAMBDA) ? [async () => hasFunctions(region)] : []),
    // Replicas of Lambda@Edge emit metrics where no function is listed, and linked accounts where this one has nothing.
    ...namespaces.map((namespace) => async () => hasMetrics(region, namespace, isLinked)),
  ]
  let refusal: AwsFailure | undefined
  for (const ask of questions) {
    try {
      // One after the other: most regions need only the first.
      if (await ask()) return true
    } catch (error) {
      if (!(error instanceof AwsFailure)) throw error
      if (error.kind === 'throttled' || error.kind === 'transient') throw error
      // A region that is not enabled is none to collect from; a refusal hides whether this one is.
      if (error.kind !== 'region-not-enabled') refusal ??= error
    }
  }
  if (refusal !== undefined) reportProblem(context, refusal, region.scope)
  return false
}

async function examine(examination: Examination): Promise<readonly string[]> {
  const { context, account } = examination
  const enabled = await listEnabledRegions(context, account)
  const found = await mapConcurrently(enabled, context.concurrency, async (name) =>
    (await findsSomething(examination, account.region(name))) ? [name] : [],
  )
  const regions = found.flat().toSorted()
  const examined: Examined = { atMs: context.triggerTimeMs, regions }
  const key = stateKey(placeOf(examination))
  await context.commit({ points: [], state: { [key]: examined as unknown as Json } })
  context.log(
    `${account.accountId}: ${enabled.length} regions enabled, something to collect in ${regions.join(', ') || 'none'}`,
  )
  return regions
}

/** Examinations of this run: several collectors of an account ask alike. */
const examining = new WeakMap<RunContext, Map<string, Promise<readonly string[]>>>()

/** The regions of this run. `auto` is examined once a day; when that fails, what was found before counts. Throws AwsFailure when nothing was. */
export async function resolveRegions(
  examination: Examination,
  choice: RegionChoice,
): Promise<readonly string[]> {
  if (choice !== 'auto') return choice
  const { context, account } = examination
  const before = await loadExamined(context, placeOf(examination))
  const ageMs = before === undefined ? EXAMINE_EVERY_MS : context.triggerTimeMs - before.atMs
  // One of the future was made under a clock that was wrong.
  if (before !== undefined && ageMs >= 0 && ageMs < EXAMINE_EVERY_MS) return before.regions
  const known = examining.get(context) ?? new Map<string, Promise<readonly string[]>>()
  examining.set(context, known)
  const key = stateKey(placeOf(examination))
  const made = known.get(key) ?? examine(examination)
  known.set(key, made)
  try {
    return await made
  } catch (error) {
    if (before === undefined || !(error instanceof AwsFailure)) throw error
    context.log(`${account.accountId}: regions stay ${before.regions.join(', ')}: ${error.message}`)
    return before.regions
  }
}

/** The regions as the last examination found them, from state alone; none before the first. */
export async function loadRegions(
  context: RunContext,
  place: ExaminedPlace,
  choice: RegionChoice,
): Promise<readonly string[]> {
  if (choice !== 'auto') return choice
  return (await loadExamined(context, place))?.regions ?? []
}
