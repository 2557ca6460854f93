import {
  DffError,
  type EpochMs,
  type Json,
  MINUTE_MS,
  type Problem,
  type RunContext,
} from 'guance-aws-lambda/dff'
import { ACCOUNTS_AT_ONCE, alongLanes, type Lane, type Numbered, type Step } from './account-lanes.ts'
import { makeProblem } from './aws-error.ts'
import type { Collector, RegionResult } from './collector.ts'
import { alongCollectors } from './open-lanes.ts'
import { commitRates } from './region-limits.ts'
import { isFatal } from './region-run.ts'
import { type AccountSource, type Entry, findListed, isSource, type Listed } from './source.ts'
import { spendingOf } from './spending.ts'

/** More are in the record; the exception stays a paragraph. */
const MAX_PROBLEMS_NAMED = 3

type CollectorEnd =
  | { readonly kind: 'ended'; readonly results: readonly RegionResult[] }
  | { readonly kind: 'threw'; readonly error: unknown; readonly problem: Problem }

/** What the record calls a collector: by its account too, where the run has several. */
function titleOf({ name }: Collector, { accountId, isAlone }: Lane): string {
  return isAlone || accountId === undefined ? name : `${accountId}/${name}`
}

async function runCollector(context: RunContext, collector: Collector, title: string): Promise<CollectorEnd> {
  try {
    return { kind: 'ended', results: await collector.run(context) }
  } catch (error) {
    context.signal.throwIfAborted()
    if (isFatal(error)) throw error
    const problem = makeProblem(error, title)
    context.report(problem)
    return { kind: 'threw', error, problem }
  }
}

/** What can wait is begun for no further account later than this in a run: the next tick is near. */
const LATER_UNTIL_MS = 3 * MINUTE_MS

/** Each run begins with another account, so that none always comes too late. */
function rotate(lanes: readonly Lane[], triggerTimeMs: EpochMs): readonly Lane[] {
  const first = Math.floor(triggerTimeMs / (5 * MINUTE_MS)) % Math.max(lanes.length, 1)
  return [...lanes.slice(first), ...lanes.slice(0, first)]
}

/** Runs for every account what can wait, as far as the time goes; some get their turn however long the run has taken. */
async function runAllLater(context: RunContext, lanes: readonly Lane[], step: Step): Promise<void> {
  // Nobody who rehearses or asks for a past window waits for it.
  if (context.debug || context.backfill !== undefined) return
  const begun = new Set<Lane>()
  await alongLanes(context, rotate(lanes, context.triggerTimeMs), async (numbered, lane) => {
    if (!begun.has(lane) && begun.size >= ACCOUNTS_AT_ONCE && context.elapsedMs() > LATER_UNTIL_MS) return
    begun.add(lane)
    await step(numbered, lane)
  })
  const left = lanes.length - begun.size
  if (left > 0) context.log(`what can wait of ${left} accounts is left to the next runs`)
}

/** After the points of all: a monitor waits for those, nobody for this. */
async function runLater(context: RunContext, collector: Collector, title: string): Promise<void> {
  try {
    await collector.later?.(context)
  } catch (error) {
    context.signal.throwIfAborted()
    if (isFatal(error)) throw error
    context.report({ ...makeProblem(error, title), severity: 'warning' })
  }
}

/** One after the other: each asks the same service. */
async function runSourcesLater(context: RunContext, sources: readonly AccountSource[]): Promise<void> {
  if (context.debug || context.backfill !== undefined) return
  for (const source of sources) await source.later(context)
}

/** Why a collector got nothing anywhere; empty when it got something, or had nothing to ask. */
function failuresOf(end: CollectorEnd): readonly Problem[] {
  if (end.kind === 'threw') return [end.problem]
  const failures = end.results.flatMap((result) => (result.kind === 'failed' ? [result.problem] : []))
  return failures.length === end.results.length ? failures : []
}

/** Collectors of which some must give something: one by itself, or one kind of all accounts of an organization. */
interface Part {
  readonly title: string
  readonly ends: readonly CollectorEnd[]
}

function partsOf(listed: readonly Listed[], ends: readonly CollectorEnd[]): readonly Part[] {
  const parts = new Map<string, CollectorEnd[]>()
  for (const [index, { part }] of listed.entries()) {
    const end = ends[index]
    if (end !== undefined) parts.set(part, [...(parts.get(part) ?? []), end])
  }
  return [...parts].map(([title, ofPart]) => ({ title, ends: ofPart }))
}

function throwOnFailure(parts: readonly Part[]): void {
  const failed = parts.filter(
    ({ ends }) => ends.length > 0 && ends.every((end) => failuresOf(end).length > 0),
  )
  if (failed.length === 0) return
  const ends = failed.flatMap((part) => part.ends)
  const [first] = ends
  // One cause for everything, such as a refused key: its own words say more than a summary.
  if (failed.length === parts.length && first?.kind === 'threw' && first.error instanceof DffError) {
    throw first.error
  }
  const problems = ends.flatMap(failuresOf)
  const named = problems.slice(0, MAX_PROBLEMS_NAMED).map(({ scope, message }) => `${scope}: ${message}`)
  const rest = problems.length - named.length
  throw new DffError({
    code: 'TASK_FAILED',
    place: 'Runner',
    expected: 'data from at least one region of each collector',
    got: `${named.join(' · ')}${rest > 0 ? ` · and ${rest} more` : ''}`,
    remedy: 'What other collectors and regions gave is committed. `dff task show` lists every problem.',
  })
}

/** What is wrong with a region as a whole is the same for every collector: the record names it once. */
const REGION_CODES: readonly string[] = ['region-not-enabled', 'wrong-partition']

/** What is wrong with an account as a whole says itself which one it is. */
const ACCOUNT_CODES: readonly string[] = ['CREDENTIALS_REFUSED', 'NO_CREDENTIALS', 'AWS_UNREACHABLE']

function tellingOnce(context: RunContext): RunContext {
  const told = new Set<string>()
  return {
    ...context,
    report(problem) {
      const { code, scope } = problem
      const [accountId, region] = scope.split('/')
      const isOfAccount = ACCOUNT_CODES.includes(code)
      const key = JSON.stringify(isOfAccount ? [code, problem.message] : [code, accountId, region])
      if ((isOfAccount || REGION_CODES.includes(code)) && told.has(key)) return
      told.add(key)
      context.report(problem)
    },
  }
}

function pointsOf(end: CollectorEnd): number {
  if (end.kind === 'threw') return 0
  return end.results.reduce((sum, result) => sum + ('points' in result ? result.points : 0), 0)
}

/** Options of a run; for tests. */
export interface RunOptions {
  /** How long an account whose credentials do not come keeps collectors behind it from beginning. */
  readonly patienceMs?: number
}

/** Runs all collectors, those of different accounts side by side. Throws TASK_FAILED, or what ended the run. */
export async function runAll(
  given: RunContext,
  list: readonly Entry[],
  { patienceMs }: RunOptions = {},
): Promise<Json> {
  const context = tellingOnce(given)
  const listed = await findListed(context, list)
  const ends: CollectorEnd[] = []
  const step: Step = async ({ collector, index }, lane) => {
    const of = lane.isAlone || lane.accountId === undefined ? '' : ` of ${lane.accountId}`
    context.log(`run collector #${index + 1}: \`${collector.name}\`${of}`)
    ends[index] = await runCollector(context, collector, titleOf(collector, lane))
  }
  const collectors = listed.map(({ collector }) => collector)
  const lanes = await alongCollectors(context, collectors, { step, patienceMs })
  // Not for one that could not even begin.
  const hasBegun = ({ index }: Numbered): boolean => ends[index]?.kind === 'ended'
  await runAllLater(context, lanes, async (numbered, lane) => {
    if (hasBegun(numbered)) await runLater(context, numbered.collector, titleOf(numbered.collector, lane))
  })
  await runSourcesLater(context, list.filter(isSource))
  await commitRates(context)
  await spendingOf(context).close()
  const parts = partsOf(listed, ends)
  throwOnFailure(parts)
  return Object.fromEntries(
    parts.map(({ title, ends: ofPart }) => [title, ofPart.reduce((sum, end) => sum + pointsOf(end), 0)]),
  )
}
