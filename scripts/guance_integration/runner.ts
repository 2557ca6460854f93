import { type Check, DffError, type Expectation, type RunContext, type Script } from 'guance-aws-lambda/dff'
import { ACCOUNTS_AT_ONCE } from './account-lanes.ts'
import type { Collector } from './collector.ts'
import { mapConcurrently } from './concurrency.ts'
import { planAll } from './plan-all.ts'
import { runAll, type RunOptions } from './run-all.ts'
import { type Entry, findListed, isSource, loadListed } from './source.ts'

/** Joins entries of one measurement, keeping each name once. */
function merge(lists: readonly (readonly [measurement: string, names: readonly string[]])[]) {
  const merged = new Map<string, Set<string>>()
  for (const [measurement, names] of lists) {
    merged.set(measurement, new Set([...(merged.get(measurement) ?? []), ...names]))
  }
  return [...merged].map(([measurement, names]) => ({ measurement, names: [...names].toSorted() }))
}

async function expectAll(context: RunContext, collectors: readonly Collector[]): Promise<Expectation> {
  const parts = await mapConcurrently(collectors, ACCOUNTS_AT_ONCE, async (one) => one.expected(context))
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
 * What `DFF.API` publishes: runs the collectors of each account in the given order, accounts side by side. A collector
 * that throws is reported and the next one goes on; the task fails with TASK_FAILED only when some collector got nothing
 * from any region, of an organization when it got nothing from any account.
 */
export function Runner(collectors: Entry | readonly Entry[], options?: RunOptions): Script {
  const list: readonly Entry[] = 'name' in collectors ? [collectors] : collectors
  const sources = list.filter(isSource)
  const known = async (context: RunContext): Promise<readonly Collector[]> =>
    (await loadListed(context, list)).map(({ collector }) => collector)
  return {
    run: async (context) => runAll(context, list, options),
    expected: async (context) => expectAll(context, await known(context)),
    explain: async (context, question) => {
      const parts = await mapConcurrently(await known(context), ACCOUNTS_AT_ONCE, async (one) =>
        one.explain?.(context, question),
      )
      return parts.flatMap((part) => part ?? [])
    },
    plan: async (context, question) => {
      const found = (await findListed(context, list)).map(({ collector }) => collector)
      return planAll(context, found, question)
    },
    access: async (context) => {
      const parts = await mapConcurrently(list, ACCOUNTS_AT_ONCE, async (one) =>
        isSource(one) ? one.access(context) : [await one.access?.(context)],
      )
      return parts.flat().filter((part) => part !== undefined)
    },
    doctor: async (context) => {
      const examined = await mapConcurrently(sources, 1, async (source) => source.doctor(context))
      const found = await findListed(context, list)
      const checks = await mapConcurrently(found, ACCOUNTS_AT_ONCE, async ({ collector }) =>
        examine(context, collector),
      )
      return [...examined.flat(), ...checks.flat()]
    },
  }
}
