import { MINUTE_MS, type RunContext } from 'guance-aws-lambda/dff'
import {
  accountState,
  type AwsAccount,
  AwsFailure,
  type AwsRegion,
  loadInventory,
  mapConcurrently,
  type RegionResult,
} from 'guance-aws-lambda/sets/guance_integration'
import { backfillGroup } from './backfill-group.ts'
import { defined } from './defined.ts'
import { type GroupRun, isEnding } from './group-reader.ts'
import { gatherGroups, goneGroups, isOver, listKnown } from './group-list.ts'
import { makeTags } from './line-tags.ts'
import type { LogGroup } from './log-group.ts'
import type { LogOptions } from './log-options.ts'
import type { LogTargets } from './log-targets.ts'
import { MarkBook } from './mark-book.ts'
import type { IdBounds } from './pace.ts'
import { type GroupResult, readGroup } from './read-group.ts'
import { ReadTally } from './read-tally.ts'
import { listRecent } from './recent-functions.ts'
import { SliceWriter } from './slice-writer.ts'
import { inOrder, isActive, takeTurns, type Turns } from './turns.ts'

/** Of the objects that the lambda set collects, where one Startup script runs both. */
const OBJECT_CLASS = 'aws_lambda'

/** A tick of the next five minutes finds the lease free: who does nothing can wait for the next poll. */
const RARELY_UNTIL_MS = 3 * MINUTE_MS
/** Groups that are begun together before the time is looked at again. */
const RARELY_AT_ONCE = 50

/** What all regions of an account share in a run. */
export interface LogsRun {
  readonly context: RunContext
  readonly account: AwsAccount
  readonly targets: LogTargets
  readonly options: LogOptions
  /** Regions whose functions are collected. */
  readonly autoRegions: readonly string[]
  readonly bounds: IdBounds
}

const NOBODY: ReadonlySet<string> = new Set()

/** Whether somebody woke is asked only where somebody sleeps; without an answer they are looked at in turn. */
async function findRecent(
  { context }: LogsRun,
  region: AwsRegion,
  { groups, marks }: { readonly groups: readonly LogGroup[]; readonly marks: MarkBook },
): Promise<ReadonlySet<string>> {
  const nowMs = context.triggerTimeMs
  if (groups.every((group) => isActive(group, marks.markOf(group), { nowMs, recent: NOBODY }))) return NOBODY
  try {
    return (await listRecent(region)).names
  } catch (error) {
    if (!(error instanceof AwsFailure)) throw error
    context.log(
      `${region.scope}: who was active is not known, silent groups are read in turn: ${error.message}`,
    )
    return NOBODY
  }
}

/** State of one group; the name of a group has no `@`. */
function groupKey(region: Pick<AwsRegion, 'scope'>, group: Pick<LogGroup, 'id'>): string {
  return `log-group/${region.scope}/${group.id}`
}

/** Reading of the groups of a region. */
class RegionReader {
  readonly #run: LogsRun
  readonly #group: GroupRun
  readonly #marks: MarkBook
  readonly tally = new ReadTally()

  constructor(run: LogsRun, group: GroupRun, marks: MarkBook) {
    this.#run = run
    this.#group = group
    this.#marks = marks
  }

  async #readOne(group: LogGroup): Promise<GroupResult> {
    const { context, options } = this.#run
    const { region } = this.#group
    const mark = this.#marks.markOf(group)
    const stateKey = groupKey(region, group)
    const reading = {
      stateKey,
      fromMs: mark.finalMs,
      toMs: context.triggerTimeMs,
      latenessMs: options.latenessMs,
    }
    const result = await readGroup(this.#group, group, reading)
    const { finalMs, seenMs = mark.seenMs } = result
    if (result.reports > 0) this.#marks.noteReports()
    const { linedMs, linedAs, ...rest } = mark
    // By the clock that receipts go by: a run by hand may be of another time.
    const lined = result.lines === 0 ? { linedMs, linedAs } : { linedMs: Date.now(), linedAs: options.source }
    this.#marks.set(group, defined({ ...rest, finalMs, seenMs, ...lined }))
    return result
  }

  async #backfillOne(group: LogGroup): Promise<GroupResult> {
    const window = this.#run.context.backfill ?? { startMs: 0, endMs: 0 }
    return backfillGroup(this.#group, group, {
      window,
      marks: this.#marks,
      key: groupKey(this.#group.region, group),
    })
  }

  /** One that fails stops no other; what it has committed stays. */
  async #try(group: LogGroup): Promise<void> {
    const { context } = this.#run
    if (isEnding(context)) return this.tally.skip(group)
    try {
      const isBackfill = context.backfill !== undefined
      this.tally.add(group, await (isBackfill ? this.#backfillOne(group) : this.#readOne(group)))
    } catch (error) {
      context.signal.throwIfAborted()
      // What is no failure of AWS, such as a refused commit, ends the region: what came later would stand on it.
      if (!(error instanceof AwsFailure)) throw error
      this.tally.fail(group, error)
    }
  }

  async readAll(groups: readonly LogGroup[]): Promise<void> {
    await mapConcurrently(groups, this.#run.context.concurrency, async (group) => this.#try(group))
  }

  /** As many as the time before the next tick allows, some at least. */
  async readRarely(groups: readonly LogGroup[]): Promise<void> {
    const { context } = this.#run
    for (let start = 0; start < groups.length; start += RARELY_AT_ONCE) {
      if (start > 0 && context.elapsedMs() > RARELY_UNTIL_MS) return
      await this.readAll(groups.slice(start, start + RARELY_AT_ONCE))
    }
  }
}

async function findGroups(run: LogsRun, region: AwsRegion, writer: SliceWriter) {
  const { context, targets, autoRegions } = run
  const hasNamed = targets.named.has(region.region)
  const { listing, isRefused } = autoRegions.includes(region.region)
    ? await listKnown(context, region, { writer, hasNamed })
    : { listing: undefined, isRefused: false }
  const marks = await MarkBook.load(context, region.scope)
  const listed = gatherGroups(targets, region, listing?.functions ?? [])
  const { accountId } = region
  const { isFunctionWanted } = targets
  // Without auto nothing follows from a function, and what the configuration names no more is not wanted.
  const gone = listing === undefined ? [] : goneGroups(listed, marks, { accountId, isFunctionWanted })
  return { marks, listed, gone, isRefused, listedAtMs: listing?.listedAtMs }
}

async function makeGroupRun(run: LogsRun, region: AwsRegion, writer: SliceWriter): Promise<GroupRun> {
  const { context, account, options } = run
  const { accountId } = account
  const inventory = await loadInventory(context, {
    objectClass: OBJECT_CLASS,
    accountId,
    region: region.region,
  })
  const extraTags = account.account.extra_tags ?? {}
  const tagsOf = makeTags({ region: region.region, extraTags, options, inventory })
  return { context, region, writer, bounds: run.bounds, maker: { region: region.region, options, tagsOf } }
}

async function turnsOf(
  run: LogsRun,
  region: AwsRegion,
  { groups: listed, marks }: { readonly groups: readonly LogGroup[]; readonly marks: MarkBook },
): Promise<Turns> {
  const { context, options } = run
  const groups = inOrder(listed, (group) => marks.markOf(group), context.triggerTimeMs)
  if (context.backfill !== undefined) return { often: groups, rarely: [] }
  const recent = await findRecent(run, region, { groups, marks })
  const { idleEveryMs, latenessMs } = options
  const question = { nowMs: context.triggerTimeMs, recent, idleEveryMs, latenessMs }
  return takeTurns(groups, (group) => marks.markOf(group), question)
}

/** Collects the groups of one region. Rejects as `commit` does, and with AwsFailure where nothing can be asked for. */
export async function collectLogs(run: LogsRun, region: AwsRegion): Promise<RegionResult> {
  const { context, account, options } = run
  const writer = new SliceWriter(context)
  const { marks, listed, gone, isRefused, listedAtMs } = await findGroups(run, region, writer)
  const turns = await turnsOf(run, region, { groups: listed, marks })
  let isCut = isRefused
  const reader = new RegionReader(run, await makeGroupRun(run, region, writer), marks)
  try {
    await reader.readAll([...turns.often, ...(context.backfill === undefined ? gone : [])])
    await reader.readRarely(turns.rarely)
  } catch (error) {
    // Where AWS fails for group after group the rest is left out; what was read counts all the same.
    if (!(error instanceof AwsFailure)) throw error
    isCut = true
  }
  reader.tally.report(context, region.scope, options.latenessMs)
  const ends = { nowMs: context.triggerTimeMs, latenessMs: options.latenessMs }
  const kept = [...listed, ...gone.filter((group) => !isOver(group, marks, ends))]
  await writer.add([], { ...marks.save(kept, listedAtMs), ...accountState(account) })
  await writer.flush()
  const { groups, events } = reader.tally
  context.log(`${region.scope}: ${events} events of ${groups} groups; ${listed.length} groups are collected`)
  return reader.tally.result(region.scope, writer.written, isCut)
}
