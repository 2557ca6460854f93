import {
  type Check,
  DffError,
  type Expectation,
  type Json,
  type Problem,
  type RunContext,
  type Script,
} from 'guance-aws-lambda/dff'
import { makeProblem } from './aws-error.ts'
import type { Collector, RegionResult } from './collector.ts'
import { planAll } from './plan-all.ts'
import { commitRates } from './region-limits.ts'
import { isFatal } from './region-run.ts'
import { spendingOf } from './spending.ts'

/** More are in the record; the exception stays a paragraph. */
const MAX_PROBLEMS_NAMED = 3

type CollectorEnd =
  | { readonly kind: 'ended'; readonly results: readonly RegionResult[] }
  | { readonly kind: 'threw'; readonly error: unknown; readonly problem: Problem }

async function runCollector(
  context: RunContext,
  collector: Collector,
  number: number,
): Promise<CollectorEnd> {
  context.log(`run collector #${number}: \`${collector.name}\``)
  try {
    return { kind: 'ended', results: await collector.run(context) }
  } catch (error) {
    context.signal.throwIfAborted()
    if (isFatal(error)) throw error
    const problem = makeProblem(error, collector.name)
    context.report(problem)
    return { kind: 'threw', error, problem }
  }
}

/** After the points of all: a monitor waits for those, nobody for this. */
async function runLater(context: RunContext, collector: Collector): Promise<void> {
  // Nobody who rehearses or asks for a past window waits for it.
  if (context.debug || context.backfill !== undefined) return
  try {
    await collector.later?.(context)
  } catch (error) {
    context.signal.throwIfAborted()
    if (isFatal(error)) throw error
    context.report({ ...makeProblem(error, collector.name), severity: 'warning' })
  }
}

/** Why a collector got nothing anywhere; empty when it got something, or had nothing to ask. */
function failuresOf(end: CollectorEnd): readonly Problem[] {
  if (end.kind === 'threw') return [end.problem]
  const failures = end.results.flatMap((result) => (result.kind === 'failed' ? [result.problem] : []))
  return failures.length === end.results.length ? failures : []
}

function throwOnFailure(collectors: readonly Collector[], ends: readonly CollectorEnd[]): void {
  const failed = ends.filter((end) => failuresOf(end).length > 0)
  if (failed.length === 0) return
  const [first] = ends
  // One cause for everything, such as a refused key: its own words say more than a summary.
  if (failed.length === collectors.length && first?.kind === 'threw' && first.error instanceof DffError) {
    throw first.error
  }
  const problems = failed.flatMap(failuresOf)
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

function tellingOnce(context: RunContext): RunContext {
  const told = new Set<string>()
  return {
    ...context,
    report(problem) {
      const { code, scope } = problem
      const [accountId, region] = scope.split('/')
      const key = JSON.stringify([code, accountId, region])
      if (REGION_CODES.includes(code) && told.has(key)) return
      told.add(key)
      context.report(problem)
    },
  }
}

async function runAll(given: RunContext, collectors: readonly Collector[]): Promise<Json> {
  const context = tellingOnce(given)
  const ends: CollectorEnd[] = []
  for (const [index, collector] of collectors.entries()) {
    // One after the other: metrics take their tags from the objects collected before them.
    ends.push(await runCollector(context, collector, index + 1))
  }
  for (const [index, collector] of collectors.entries()) {
    // One after the other, as above; not for one that could not even begin.
    if (ends[index]?.kind === 'ended') await runLater(context, collector)
  }
  await commitRates(context)
  await spendingOf(context).close()
  throwOnFailure(collectors, ends)
  return Object.fromEntries(
    ends.map((end, index) => [
      `${index + 1} ${collectors[index]?.name ?? ''}`,
      end.kind === 'threw'
        ? 0
        : end.results.reduce((sum, result) => sum + ('points' in result ? result.points : 0), 0),
    ]),
  )
}

/** Joins entries of one measurement, keeping each name once. */
function merge(lists: readonly (readonly [measurement: string, names: readonly string[]])[]) {
  const merged = new Map<string, Set<string>>()
  for (const [measurement, names] of lists) {
    merged.set(measurement, new Set([...(merged.get(measurement) ?? []), ...names]))
  }
  return [...merged].map(([measurement, names]) => ({ measurement, names: [...names].toSorted() }))
}

async function expectAll(context: RunContext, collectors: readonly Collector[]): Promise<Expectation> {
  const parts = await Promise.all(collectors.map(async (collector) => collector.expected(context)))
  const objects = parts.flatMap((part) => part.objects)
  const causes = new Map(
    objects.flatMap(({ measurement, whenNone }) =>
      whenNone === undefined ? [] : [[measurement, whenNone] as const],
    ),
  )
  const metrics = parts.flatMap((part) => part.metrics.map((one) => [one.measurement, one.fields] as const))
  const logs = parts.flatMap((part) => part.logs?.map(({ measurement }) => measurement) ?? [])
  return {
    objects: merge(objects.map((one) => [one.measurement, one.names])).map((one) => {
      const whenNone = one.names.length === 0 ? causes.get(one.measurement) : undefined
      return whenNone === undefined ? one : { ...one, whenNone }
    }),
    metrics: merge(metrics).map(({ measurement, names }) => ({ measurement, fields: names })),
    ...(logs.length === 0 ? {} : { logs: [...new Set(logs)].map((measurement) => ({ measurement })) }),
  }
}

/** What kept a collector from asking anything: its words, and what to do. */
function explain(error: unknown): Pick<Check, 'detail' | 'remedy'> {
  if (!(error instanceof DffError)) return { detail: error instanceof Error ? error.message : String(error) }
  const { place, expected, got, remedy } = error.parts
  return { detail: `${place}: expected ${expected}, got ${got}`, remedy }
}

async function examine(context: RunContext, collector: Collector): Promise<readonly Check[]> {
  try {
    return await collector.doctor(context)
  } catch (error) {
    context.signal.throwIfAborted()
    return [
      {
        id: `credentials@${collector.name}`,
        status: 'failed',
        title: `Account of ${collector.name}`,
        ...explain(error),
      },
    ]
  }
}

/**
 * What `DFF.API` publishes: runs the collectors in the given order. A collector that throws is reported and the next
 * one goes on; the task fails with TASK_FAILED only when some collector got nothing from any region.
 */
export function Runner(collectors: Collector | readonly Collector[]): Script {
  const list: readonly Collector[] = 'run' in collectors ? [collectors] : collectors
  return {
    run: async (context) => runAll(context, list),
    expected: async (context) => expectAll(context, list),
    explain: async (context, question) => {
      const parts = await Promise.all(list.map(async (collector) => collector.explain?.(context, question)))
      return parts.flatMap((part) => part ?? [])
    },
    plan: async (context, question) => planAll(context, list, question),
    access: async (context) => {
      const parts = await Promise.all(list.map(async (collector) => collector.access?.(context)))
      return parts.filter((part) => part !== undefined)
    },
    doctor: async (context) => {
      const checks = await Promise.all(list.map(async (collector) => examine(context, collector)))
      return checks.flat()
    },
  }
}
