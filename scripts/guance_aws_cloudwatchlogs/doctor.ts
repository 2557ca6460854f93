import type { Check, RunContext } from 'guance-aws-lambda/dff'
import {
  type ActionProbe,
  type AwsAccount,
  type AwsRegion,
  probeRegions,
} from 'guance-aws-lambda/sets/guance_integration'
import { FILTER_EVENTS, filterEvents } from './filter-events.ts'
import { LIST_FUNCTIONS } from './list-functions.ts'
import { parseGroup } from './log-group.ts'
import type { LogTargets } from './log-targets.ts'
import { MarkBook } from './mark-book.ts'
import { LIST_METRICS, listRecent } from './recent-functions.ts'
import { sharedArns } from './shared-arns.ts'

/** A group that nobody has: whether one may read groups shows without any. */
const NO_GROUP = '/guance-doctor/asks-for-no-group'

type FindGroup = (region: AwsRegion) => Promise<string | undefined>

function readProbe(targets: LogTargets, find: FindGroup): ActionProbe {
  return {
    action: FILTER_EVENTS,
    gives: 'logs, and nothing derived from them',
    on: 'log-group',
    sharedArns: sharedArns(targets),
    send: async (region) =>
      filterEvents(
        region,
        { id: (await find(region)) ?? NO_GROUP },
        { startMs: 0, lastMs: 1, token: undefined },
      ),
  }
}

const OF_FUNCTIONS: readonly ActionProbe[] = [
  {
    action: LIST_FUNCTIONS,
    gives: 'groups of functions: those under auto are not known',
    send: async (region) => {
      const { ListFunctionsCommand } = await import('@aws-sdk/client-lambda')
      const client = await region.lambda()
      return region.call(LIST_FUNCTIONS, async (abortSignal) =>
        client.send(new ListFunctionsCommand({ MaxItems: 1 }), { abortSignal }),
      )
    },
  },
  {
    action: LIST_METRICS,
    gives:
      'quick waking: the group of a function that was silent for an hour is then read only every idleEveryMin',
    isOptional: true,
    send: listRecent,
  },
]

/** Every action that this configuration takes. */
export function logsProbes(
  targets: LogTargets,
  find: FindGroup = async () => Promise.resolve(undefined),
): readonly ActionProbe[] {
  const read = readProbe(targets, find)
  return targets.autoRegions === undefined ? [read] : [read, ...OF_FUNCTIONS]
}

/** A policy may allow some groups alone: one that was read before, or that is named. */
async function findGroup(
  context: RunContext,
  { named }: LogTargets,
  region: AwsRegion,
): Promise<string | undefined> {
  const marks = await MarkBook.load(context, region.scope)
  const read = [...marks.known()].find((id) => marks.markOf({ id }).seenMs !== undefined)
  const [first] = named.get(region.region)?.keys() ?? []
  return read ?? (first === undefined ? undefined : parseGroup(first, region.accountId).id)
}

/** Tries them in each region. */
export async function examineLogs(
  examination: {
    readonly context: RunContext
    readonly account: AwsAccount
    readonly regions: readonly string[]
  },
  targets: LogTargets,
): Promise<Check[]> {
  const find = async (region: AwsRegion) => findGroup(examination.context, targets, region)
  return probeRegions(examination, logsProbes(targets, find))
}
