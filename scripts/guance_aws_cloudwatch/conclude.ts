import type { Point } from 'guance-aws-lambda/dff'
import { learnLongest } from './ask-longest.ts'
import type { BucketState } from './bucket.ts'
import type { NamespaceContext } from './circumstances.ts'
import {
  completeEntry,
  digestStart,
  type EntryPlan,
  isOverdue,
  partialEntry,
  waitingEntry,
} from './entry-plan.ts'
import type { QueryOutcome } from './fetch.ts'
import { isGrowingField } from './growing.ts'
import { settleMs } from './horizon.ts'
import type { Entry } from './ledger.ts'
import { makeLines, makePoints } from './points.ts'
import { isWithin } from './ranges.ts'
import { settle, type Settled } from './settle.ts'
import { fieldName } from './statistics.ts'
import type { Tally } from './tally.ts'
import { PERIOD_SEC } from './window.ts'
import { keepAlive, zerosOf } from './zeros.ts'

/** Whether a query is to be asked again. */
export function isOpen({ outcome }: QueryOutcome): boolean {
  return outcome.kind === 'partial' || outcome.kind === 'transient'
}

/** One identity's outcome: its entry as it is to be committed, and its lines unless they wait. */
function concludeEntry(
  plan: EntryPlan,
  outcomes: readonly QueryOutcome[],
  tally: Tally,
): { readonly entry: Entry; readonly isWaiting: boolean; readonly isPartial: boolean } {
  for (const { query, outcome } of outcomes) {
    if (outcome.kind !== 'forbidden') continue
    tally.forbidden += 1
    if (tally.forbiddenMetric === '') tally.forbiddenMetric = query.series.metric
  }
  const open = outcomes.filter(isOpen)
  const [first] = open
  if (first === undefined) return { entry: completeEntry(plan), isWaiting: false, isPartial: false }
  if ('reason' in first.outcome)
    tally.addReason(`${open.length} of ${outcomes.length}: ${first.outcome.reason}`)
  const isNothing = open.length === outcomes.length
  if (isNothing || !isOverdue(plan)) {
    tally.waiting += 1
    return { entry: isNothing ? plan.base : waitingEntry(plan), isWaiting: true, isPartial: false }
  }
  tally.partial += 1
  const missing = new Set(open.map(({ query }) => fieldName(query.series.metric, query.statistic)))
  return { entry: partialEntry(plan, missing), isWaiting: false, isPartial: true }
}

/** Whether lines differ because other fields were asked for or answered: that says nothing about how late AWS is. */
function hasOtherFields({ base, entry, added }: EntryPlan): boolean {
  const isChanged = base.fields !== entry.fields || entry.changedMs !== undefined
  return isChanged || added.size > 0 || base.missingMs !== undefined
}

function count(plan: EntryPlan, settled: Settled, tally: Tally): void {
  const { circumstances, work } = plan
  const { nowMs, cause, isSampled, committedMs } = circumstances
  for (const timeMs of settled.differences.keys()) tally.addDifference(nowMs - timeMs)
  if (work.purpose !== 'live' || !isSampled || hasOtherFields(plan)) return
  tally.sampledLines += settled.writes.length - settled.filled
  const finalAfterMs = PERIOD_SEC * 1000 + settleMs(cause) - cause.widenMs
  // It changed at some time since the last poll: half of that is the best guess.
  const changedMs = nowMs - (nowMs - committedMs) / 2
  for (const timeMs of settled.late) tally.lateMs.push(Math.max(0, changedMs - timeMs - finalAfterMs))
}

/** What came of one identity's plan. */
export interface PlanOutcome {
  readonly plan: EntryPlan
  readonly outcomes: readonly QueryOutcome[]
  readonly state: BucketState
  readonly tally: Tally
}

/** Settles one identity: the points to write, and in `state` what its bucket remembers. */
export function concludePlan(
  shared: NamespaceContext,
  { plan, outcomes, state, tally }: PlanOutcome,
): readonly Point[] {
  const { identity } = plan.work
  const { fingerprint } = identity
  const { entry: concluded, isWaiting, isPartial } = concludeEntry(plan, outcomes, tally)
  const lines = makeLines(outcomes)
  const before = state.entries.get(fingerprint)
  const entry = keepAlive(shared, plan, { name: identity.name, entry: concluded, before, lines })
  state.entries.set(fingerprint, entry)
  if (plan.work.purpose === 'live') tally.addWatermark(entry)
  if (isWaiting) return []
  // Not before: an entry that waits keeps its gaps as they are, and loses them at the next poll.
  tally.addBeyond(plan.beyond)
  tally.addLongest(learnLongest(shared, state, { identity, lines }))
  const published = state.book.read('published', fingerprint)
  const settled = settle({
    sink: shared.sink,
    lines,
    // A line without some of its fields must not take the place of a whole one, and so is written once: when it is final.
    isWanted: (timeMs) =>
      isWithin([plan.window], timeMs) &&
      plan.isWanted(timeMs) &&
      !(isPartial && (published.has(timeMs) || timeMs >= plan.settledEndMs)),
    settledEndMs: plan.settledEndMs,
    finalBeforeMs: plan.finalBeforeMs,
    published,
    seen: state.book.read('seen', fingerprint),
    added: plan.added,
    ...(plan.work.purpose === 'audit' && plan.entry.changedMs !== undefined
      ? { comparedFromMs: plan.entry.changedMs }
      : {}),
    isGrowing: isGrowingField(shared.catalogue),
    zeros: zerosOf(shared, { plan, outcomes }, { entry, lines }),
  })
  const fromMs = digestStart(plan.circumstances)
  state.book.add('published', fingerprint, { digests: settled.published, fromMs })
  state.book.add('seen', fingerprint, { digests: settled.differences, fromMs })
  count(plan, settled, tally)
  return makePoints(identity.sample, settled.writes, {
    lineTags: shared.tagsOf(identity.sample),
    history: plan.entry,
  })
}
