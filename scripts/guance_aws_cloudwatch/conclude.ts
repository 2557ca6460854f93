import type { Point } from 'guance-aws-lambda/dff'
import { learnLongest } from './ask-longest.ts'
import type { BucketState } from './bucket.ts'
import type { NamespaceContext } from './circumstances.ts'
import {
  answeredEntry,
  answeredHoles,
  giveUpHoles,
  isOverdue,
  tellDifferences,
  waitingEntry,
} from './entry-outcome.ts'
import type { EntryPlan } from './entry-plan.ts'
import { commonFields, type FieldKey, fieldKey, toFieldSet } from './field-set.ts'
import type { QueryOutcome } from './fetch.ts'
import { isGrowingField } from './growing.ts'
import { settleMs } from './horizon.ts'
import type { Entry } from './ledger.ts'
import { makeLines, makePoints } from './points.ts'
import { isWithin } from './ranges.ts'
import { settle, type Settled } from './settle.ts'
import type { Tally } from './tally.ts'
import { PERIOD_SEC } from './window.ts'
import { writtenOf } from './written.ts'
import { keepAlive, zerosOf } from './zeros.ts'

/** Whether a query is to be asked again. */
export function isOpen({ outcome }: QueryOutcome): boolean {
  return outcome.kind === 'partial' || outcome.kind === 'transient'
}

function keysOfOutcomes(outcomes: readonly QueryOutcome[]): readonly FieldKey[] {
  return outcomes.map(({ query: { series, statistic } }) => fieldKey(series.metric, statistic))
}

interface Conclusion {
  readonly entry: Entry
  readonly isWaiting: boolean
  readonly isPartial: boolean
}

/** What goes out without some fields, or whole: its entry, and in the tally what will never come. */
function concludeAnswered(plan: EntryPlan, outcomes: readonly QueryOutcome[], tally: Tally): Conclusion {
  const isPartial = outcomes.some(isOpen)
  if (isPartial) tally.partial += 1
  const absent = outcomes.filter(({ outcome }) => outcome.kind !== 'complete')
  const missing = commonFields(toFieldSet(keysOfOutcomes(absent)), plan.entry.fields)
  const answered = answeredEntry(plan, { missing, isPartial })
  const { entry, given } = giveUpHoles(plan, answered)
  for (const hole of given) tally.addGiven(hole)
  return { entry, isWaiting: false, isPartial }
}

/** One identity's outcome: its entry as it is to be committed, and its lines unless they wait. */
function concludeEntry(plan: EntryPlan, outcomes: readonly QueryOutcome[], tally: Tally): Conclusion {
  for (const { query, outcome } of outcomes) {
    if (outcome.kind !== 'forbidden') continue
    tally.forbidden += 1
    if (tally.forbiddenMetric === '') tally.forbiddenMetric = query.series.metric
  }
  const open = outcomes.filter(isOpen)
  const [first] = open
  if (first !== undefined && 'reason' in first.outcome)
    tally.addReason(`${open.length} of ${outcomes.length}: ${first.outcome.reason}`)
  const isNothing = outcomes.length > 0 && outcomes.every(({ outcome }) => outcome.kind !== 'complete')
  const isWaiting = open.length > 0 && (isNothing || !isOverdue(plan))
  if (!isNothing && !isWaiting) return concludeAnswered(plan, outcomes, tally)
  if (isWaiting) tally.waiting += 1
  // Where all is Forbidden nothing moves: what is allowed later is made up for, as after an outage.
  return { entry: isNothing ? plan.base : waitingEntry(plan), isWaiting: true, isPartial: false }
}

/** Whether lines differ because other fields were asked for or answered: that says nothing about how late AWS is. */
function hasOtherFields({ base, entry, window }: EntryPlan, concluded: Entry): boolean {
  const isChanged = base.missing !== concluded.missing || base.fields !== entry.fields
  const isRecent = entry.former.some(({ untilMs }) => untilMs > window.startMs)
  return isChanged || isRecent || answeredHoles(entry).some(({ endMs }) => endMs > window.startMs)
}

function count(plan: EntryPlan, entry: Entry, { settled, tally }: { settled: Settled; tally: Tally }): void {
  const { circumstances, work } = plan
  const { nowMs, cause, isSampled } = circumstances
  for (const timeMs of settled.differences.keys()) tally.addDifference(nowMs - timeMs)
  if (work.purpose !== 'live' || !isSampled || hasOtherFields(plan, entry)) return
  tally.sampledLines += settled.writes.length - settled.filled
  const finalAfterMs = PERIOD_SEC * 1000 + settleMs(cause) - cause.widenMs
  // It changed at some time since the last poll: half of that is the best guess.
  const changedMs = nowMs - (nowMs - plan.base.polledMs) / 2
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
  const answered = new Set(keysOfOutcomes(outcomes.filter(({ outcome }) => outcome.kind === 'complete')))
  const settled = settle({
    sink: shared.sink,
    lines,
    // A line without some of its fields goes out when it is final: until then they may still come.
    isWanted: (timeMs) =>
      isWithin([plan.window], timeMs) && plan.isWanted(timeMs) && !(isPartial && timeMs >= plan.settledEndMs),
    settledEndMs: plan.settledEndMs,
    finalBeforeMs: plan.finalBeforeMs,
    published,
    seen: state.book.read('seen', fingerprint),
    written: writtenOf(plan, answered),
    isLackTold: plan.work.purpose === 'live',
    isGrowing: isGrowingField(shared.catalogue),
    zeros: zerosOf(shared, { plan, outcomes }, { entry, lines }),
  })
  const { digests: kept } = plan.circumstances
  state.book.add('published', fingerprint, { digests: settled.published, kept })
  state.book.add('seen', fingerprint, { digests: settled.differences, kept })
  state.entries.set(fingerprint, tellDifferences(entry, settled.differences.keys(), plan.circumstances.nowMs))
  count(plan, entry, { settled, tally })
  return makePoints(identity.sample, settled.writes, {
    lineTags: shared.tagsOf(identity.sample),
    history: plan.entry,
  })
}
