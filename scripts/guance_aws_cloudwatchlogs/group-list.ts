import { type EpochMs, HOUR_MS, type RunContext } from 'guance-aws-lambda/dff'
import {
  AwsFailure,
  type AwsRegion,
  makeProblem,
  reportProblem,
} from 'guance-aws-lambda/sets/guance_integration'
import { findFunctions, type FunctionListing, loadFunctions } from './list-functions.ts'
import { functionOf, type LogFunction, type LogGroup, parseGroup } from './log-group.ts'
import type { LogTargets } from './log-targets.ts'
import type { MarkBook } from './mark-book.ts'
import type { SliceWriter } from './slice-writer.ts'

/** The functions to collect, and whether their listing was refused. */
export interface Functions {
  readonly listing: FunctionListing | undefined
  readonly isRefused: boolean
}

/** Those listed before stay when a listing fails; without any the region fails, unless groups are named there. Throws AwsFailure. */
export async function listKnown(
  context: RunContext,
  region: AwsRegion,
  { writer, hasNamed }: { readonly writer: SliceWriter; readonly hasNamed: boolean },
): Promise<Functions> {
  try {
    return { listing: await findFunctions(context, region, writer), isRefused: false }
  } catch (error) {
    if (!(error instanceof AwsFailure)) throw error
    const listing = await loadFunctions(context, region)
    if (listing === undefined && !hasNamed) throw error
    if (error.kind === 'forbidden') reportProblem(context, error, region.scope)
    else context.report({ ...makeProblem(error, region.scope), severity: 'warning' })
    return { listing, isRefused: true }
  }
}

/** A group that is gone has its last lines by then. */
const GONE_MS = HOUR_MS

const EVERY_STREAM = (): boolean => true

function autoGroups(functions: readonly LogFunction[], accountId: string): ReadonlyMap<string, LogGroup> {
  const groups = Map.groupBy(functions, ({ group }) => group)
  return new Map(
    [...groups].map(([id, writers]) => [
      id,
      { id, name: id, accountId, isNamed: false, isWanted: EVERY_STREAM, functions: writers },
    ]),
  )
}

/** What is collected in a region: the groups of functions, and those that are named. */
export function gatherGroups(
  { named, isFunctionWanted }: LogTargets,
  { accountId, region }: Pick<AwsRegion, 'accountId' | 'region'>,
  functions: readonly LogFunction[],
): readonly LogGroup[] {
  const wanted = functions.filter(({ name }) => isFunctionWanted(name))
  const groups = new Map(autoGroups(wanted, accountId))
  // A group of several functions holds the lines of those that are left out as well.
  const shared = new Set(functions.flatMap(({ name, group }) => (isFunctionWanted(name) ? [] : [group])))
  for (const [id, group] of groups) {
    if (!shared.has(id)) continue
    const isWanted = (stream: string): boolean => isFunctionWanted(functionOf(group, stream) ?? '')
    groups.set(id, { ...group, isWanted })
  }
  for (const [text, tests] of named.get(region) ?? []) {
    const place = parseGroup(text, accountId)
    const writers = functions.filter(({ group }) => group === place.id)
    // Named by its name and by its ARN, it must fit both.
    const before = groups.get(place.id)
    const fits: LogGroup['isWanted'] = before?.isNamed === true ? before.isWanted : EVERY_STREAM
    const isWanted = (stream: string): boolean => fits(stream) && tests.every((test) => test(stream))
    groups.set(place.id, { ...place, isNamed: true, isWanted, functions: writers })
  }
  return [...groups.values()]
}

/** Groups of functions that are listed no more: their last lines are still to come, unless the configuration leaves them out. */
export function goneGroups(
  groups: readonly LogGroup[],
  marks: MarkBook,
  { accountId, isFunctionWanted }: Pick<AwsRegion, 'accountId'> & Pick<LogTargets, 'isFunctionWanted'>,
): readonly LogGroup[] {
  const listed = new Set(groups.map(({ id }) => id))
  return [...marks.known()]
    .filter((id) => !listed.has(id))
    .map((id): LogGroup => {
      const group = { ...parseGroup(id, accountId), isNamed: false, functions: [] }
      const isWanted = (stream: string): boolean => {
        const name = functionOf(group, stream)
        return name === undefined || isFunctionWanted(name)
      }
      return { ...group, isWanted }
    })
    .filter(({ isWanted }) => isWanted(''))
}

/** Whether a group that is gone had its last event so long ago that nothing more comes. */
export function isOver(
  group: LogGroup,
  marks: MarkBook,
  { nowMs, latenessMs }: { readonly nowMs: EpochMs; readonly latenessMs: number },
): boolean {
  const { seenMs = 0, finalMs } = marks.markOf(group)
  const goneMs = GONE_MS + latenessMs
  return nowMs - seenMs > goneMs && nowMs - finalMs < goneMs
}
