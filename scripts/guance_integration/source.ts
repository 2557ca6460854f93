import type { Access, Check, RunContext } from 'guance-aws-lambda/dff'
import type { Collector } from './collector.ts'
import { isFatal } from './region-run.ts'

/** Accounts that are known only when a run begins, with what collects from each. */
export interface AccountSource {
  readonly kind: 'source'
  /** Shown in the log and in problems, e.g. `Organization`. */
  readonly name: string
  /** Collectors of the accounts that there are now. Rejects when nobody can say. */
  find(context: RunContext): Promise<readonly Collector[]>
  /** The same as of the last run, from stored state alone: no network. */
  load(context: RunContext): Promise<readonly Collector[]>
  /** What can wait until every collector of the run has delivered; a failure of it fails nothing. */
  later(context: RunContext): Promise<void>
  /** What it needs beside its collectors. */
  doctor(context: RunContext): Promise<readonly Check[]>
  /** What must be allowed for it and for its accounts. */
  access(context: RunContext): Promise<readonly Access[]>
}

/** A collector of a run. */
export interface Listed {
  readonly collector: Collector
  /** Of which some must give something, or the task fails: `1 AWS-Lambda`. */
  readonly part: string
}

/** What `Runner` takes. */
export type Entry = Collector | AccountSource

/** Tells accounts to come from a collector. */
export function isSource(entry: Entry): entry is AccountSource {
  return 'kind' in entry
}

async function listAll(
  list: readonly Entry[],
  open: (source: AccountSource) => Promise<readonly Collector[]>,
): Promise<readonly Listed[]> {
  const parts = await Promise.all(
    list.map(async (entry, index): Promise<readonly Listed[]> => {
      if (!isSource(entry)) return [{ collector: entry, part: `${index + 1} ${entry.name}` }]
      const collectors = await open(entry)
      return collectors.map((collector) => ({
        collector,
        part: `${index + 1} ${entry.name} ${collector.name}`,
      }))
    }),
  )
  return parts.flat()
}

/** In the place of accounts that nobody could list: fails as the listing did, and stops nothing else. */
function makeFailed(name: string, error: unknown): Collector {
  const fail = async (): Promise<never> => Promise.reject(error)
  return {
    name,
    accountId: undefined,
    run: fail,
    plan: fail,
    expected: async () => ({ objects: [], metrics: [] }),
    // The source's own doctor says it.
    doctor: async () => [],
  }
}

/** Everything to be run now. */
export async function findListed(context: RunContext, list: readonly Entry[]): Promise<readonly Listed[]> {
  return listAll(list, async (source) => {
    try {
      return await source.find(context)
    } catch (error) {
      context.signal.throwIfAborted()
      if (isFatal(error)) throw error
      return [makeFailed(source.name, error)]
    }
  })
}

/** Everything that was run last, from stored state alone. */
export async function loadListed(context: RunContext, list: readonly Entry[]): Promise<readonly Listed[]> {
  return listAll(list, async (source) => source.load(context))
}
