import { HOUR_MS } from 'guance-aws-lambda/dff'
import { AwsFailure, type RegionResult } from 'guance-aws-lambda/sets/guance_integration'
import { type BillingRun, reportSpent, ruleOf } from './billing-run.ts'
import type { Labels } from './cost-point.ts'
import type { CostQuery } from './cost-query.ts'
import { addDays, type Day, dayOf, earlier, later } from './day.ts'
import { isTokenLost, isUnanswerable, isWaiting, keepFailure, reportWaiting } from './failure.ts'
import { placeOf } from './place.ts'
import { type Asking, readPage } from './read-page.ts'
import {
  beginChunk,
  interruptChunk,
  isRefused,
  loadReading,
  noteRefusal,
  oweToday,
  type Reading,
  readingState,
} from './reading.ts'
import { clipSpans, mergeSpans } from './spans.ts'

/** Cost Explorer knows resources for 14 days (aws.md §5); one is left for the clocks. */
const RESOURCE_DAYS = 13

/** The first day that the store takes whole; what is older would be paid for and lost. */
function firstKeptDay({ nowMs, context }: BillingRun): Day {
  const { retentionHours } = context.sink
  return retentionHours === undefined ? '' : addDays(dayOf(nowMs - retentionHours * HOUR_MS), 1)
}

/** What is owed now: by a window asked for by hand, or by the day. */
function owe(run: BillingRun, query: CostQuery, reading: Reading): Reading {
  const { context, today, configs } = run
  const { backfill } = context
  const { owed = [] } = reading
  const firstDay =
    query.isByResource === true ? later(firstKeptDay(run), addDays(today, -RESOURCE_DAYS)) : firstKeptDay(run)
  const asked =
    backfill === undefined
      ? oweToday(reading, today, ruleOf(configs))
      : {
          ...reading,
          owed: mergeSpans([
            ...owed,
            { from: dayOf(backfill.startMs), to: earlier(today, addDays(dayOf(backfill.endMs - 1), 1)) },
          ]),
        }
  return { ...asked, owed: clipSpans(asked.owed ?? [], firstDay) }
}

async function commitReading({ run, query }: Asking, reading: Reading): Promise<void> {
  const place = placeOf(run.context, run.account.accountId, query.id)
  await run.context.commit({ points: [], state: readingState(place, reading) })
}

/** All pages of all that is owed, each paid for and committed before the next. Throws AwsFailure. */
async function readOwed(asking: Asking, owed: Reading, scope: string): Promise<RegionResult> {
  const { context, nowMs } = asking.run
  let chunk = beginChunk(owed, nowMs)
  let points = 0
  let isLost = false
  while (chunk !== undefined) {
    const { reading, open } = chunk
    try {
      // One page after the other: each one is paid for, and kept before the next is.
      const page = await readPage(asking, reading, open)
      if (page === undefined) {
        await commitReading(asking, interruptChunk(reading, open))
        reportSpent(asking.run, scope)
        return { kind: 'degraded', scope, points }
      }
      points += page.points
      chunk = beginChunk(page.reading, nowMs)
    } catch (error) {
      // Once: a token that is refused twice is no accident.
      if (!isTokenLost(error) || isLost) throw error
      isLost = true
      context.log(`${scope}: AWS does not know its next page any more; its days are read anew`)
      const { open: _lost, ...rest } = reading
      chunk = beginChunk(rest, nowMs)
    }
  }
  context.log(`${scope}: ${points} lines`)
  return { kind: 'collected', scope, points }
}

/** Reads what is due of one question, and commits it page by page. A failure is noted and reported, and stops no other question. */
export async function readQuery(run: BillingRun, query: CostQuery, labels: Labels): Promise<RegionResult> {
  const { context, account } = run
  const { accountId } = account
  const scope = `${accountId}/${query.id}`
  const asking = { run, query, labels }
  const reading = owe(run, query, await loadReading(context, accountId, query.id))
  if ((reading.owed ?? []).length === 0) return { kind: 'collected', scope, points: 0 }
  if (query.isByResource === true && isRefused(reading, run.today))
    return { kind: 'collected', scope, points: 0 }
  if (isWaiting(reading, run.nowMs)) {
    reportWaiting(context, scope, reading)
    return { kind: 'degraded', scope, points: 0 }
  }
  try {
    return await readOwed(asking, reading, scope)
  } catch (error) {
    if (!(error instanceof AwsFailure)) throw error
    // As of the last page that was committed.
    const current = owe(run, query, await loadReading(context, accountId, query.id))
    if (query.isByResource === true && isUnanswerable(error)) {
      context.log(`${scope}: shares are reckoned from metrics for a week: ${error.message}`)
      await commitReading(asking, noteRefusal(current, run.today))
      return { kind: 'degraded', scope, points: 0 }
    }
    const place = placeOf(context, accountId, query.id)
    return keepFailure(run, { place, scope, reading: current }, error)
  }
}
