import { alignDown, type EpochMs, MINUTE_MS, SECOND_MS } from 'guance-aws-lambda/dff'
import type { AwsRegion } from 'guance-aws-lambda/sets/guance_integration'
import { GroupReader, type GroupRun } from './group-reader.ts'
import { GroupState } from './group-state.ts'
import type { LogGroup } from './log-group.ts'
import { firstPace, keptLateness, nextPace, nextWindow, type Pace, type Reading } from './pace.ts'

/** Its Date header leaves out what is less than a second. */
const DATE_HEADER_MS = SECOND_MS

export interface GroupResult {
  readonly events: number
  readonly finalMs: EpochMs
  /** Time of the last new event; absent where there was none. */
  readonly seenMs?: EpochMs
  /** Events that came to CloudWatch Logs later than the lateness. A poll in time would not have found them. */
  readonly late: number
  readonly latestMs: number
  readonly isMissing: boolean
  /** Logs that were made of the events. */
  readonly lines: number
  /** Those of them whose end is hidden because searching it would have taken too long. */
  readonly restHidden: number
  /** Points of reports. */
  readonly reports: number
  /** Whether the task's time ended before. */
  readonly isUnfinished: boolean
  /** The lateness that it had instead of the configured one, because it writes too much; absent where it had that one. */
  readonly busyMs?: number
}

/** AWS's own time when the reading began, as far as a reply has said it. */
function beganAtMs({ clock }: AwsRegion, startedMs: number): EpochMs {
  return clock.awsNowMs() - (Date.now() - startedMs) + DATE_HEADER_MS
}

interface Read {
  readonly pace: Pace
  readonly isWhole: boolean
}

/** Window by window, as far as the reading goes or the task's time. */
async function readWindows(
  { region, bounds }: GroupRun,
  { reader, state, reading }: { reader: GroupReader; state: GroupState; reading: Reading },
): Promise<Read> {
  const startedMs = Date.now()
  let pace = firstPace(reading, state.isStored)
  for (let isLast = false; !isLast && state.finalMs < reading.toMs;) {
    const window = nextWindow(state.finalMs, reading, pace)
    const before = reader.events
    const end = await reader.readWindow(window, pace)
    if (end === 'out-of-time') return { pace, isWhole: false }
    if (end !== 'whole') {
      pace = end
      continue
    }
    isLast = window.lastMs >= reading.toMs - 1
    if (isLast) pace = { ...pace, latenessMs: keptLateness(reading, { ids: state.ids, pace, bounds }) }
    const wholeMs = isLast
      ? Math.max(window.finalMs, alignDown(reading.toMs - pace.latenessMs, MINUTE_MS))
      : window.finalMs
    const safeMs = alignDown(beganAtMs(region, startedMs) - pace.latenessMs, MINUTE_MS)
    await reader.settle(Math.min(wholeMs, safeMs))
    // A clock of AWS that is behind: there is nothing to go on with.
    if (wholeMs > safeMs) break
    pace = nextPace(pace, reader.events - before)
  }
  return { pace, isWhole: true }
}

/**
 * Reads a group from where it stands. Events are found by their own time and come late, so that everything younger than the
 * lateness is read again at each poll and told apart by id. Throws AwsFailure; what was committed until then stays.
 */
export async function readGroup(run: GroupRun, group: LogGroup, reading: Reading): Promise<GroupResult> {
  const state = await GroupState.load(run.context, reading.stateKey, reading.fromMs)
  const reader = new GroupReader(run, group, { reading, state })
  const { pace, isWhole } = await readWindows(run, { reader, state, reading })
  const { events, lines, restHidden, reports, late, latestMs, seenMs, isMissing } = reader
  return {
    events,
    lines,
    restHidden,
    reports,
    late,
    latestMs,
    finalMs: state.finalMs,
    isMissing,
    isUnfinished: !isWhole,
    ...(seenMs === undefined ? {} : { seenMs }),
    ...(pace.latenessMs < reading.latenessMs ? { busyMs: pace.latenessMs } : {}),
  }
}
