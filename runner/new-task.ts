import { randomBytes } from 'node:crypto'
import { type EpochMs, SECOND_MS } from '../core/time.ts'
import type { Window } from '../core/window.ts'
import type { HostParts } from './host-parts.ts'
import type { NewTask } from './store/store.ts'
import { connectorOf, readRoute } from './route.ts'
import { scriptIdOf } from './task-scope.ts'

/** Nine base-36 digits hold milliseconds until the year 5188, so ids sort as their times do. */
const TIME_DIGITS = 9

/** Upstream's default wait in the queue (guance.md §4.5), until the script has been loaded once and says its own. */
const DEFAULT_EXPIRES_SEC = 900

export interface TaskRequest {
  readonly funcId: string
  readonly triggerTimeMs: EpochMs
  readonly isDebug: boolean
  /** Not kept with the task: what is asked for by hand and did not begin is not begun by another host. */
  readonly backfill?: Window
}

/** When it was asked for, then chance: sorts by time, fits in a file name and is one double click. */
function makeTaskId(nowMs: EpochMs): string {
  return `${nowMs.toString(36).padStart(TIME_DIGITS, '0')}${randomBytes(5).toString('hex')}`
}

/** One due time of a trigger, with how many before it went by. */
export interface Tick {
  readonly triggerId: string
  readonly tickMs: EpochMs
  readonly missedTicks: number
}

/** A task that waits: of a tick, or with null of somebody's Execute. */
export async function makeTask(
  parts: Pick<HostParts, 'store' | 'connectors' | 'paths'>,
  { funcId, triggerTimeMs, isDebug }: TaskRequest,
  tick: Tick | null,
): Promise<NewTask> {
  const script = await parts.store.scripts.get(scriptIdOf(funcId))
  const api = script?.functions.find((candidate) => candidate.funcId === funcId)
  const nowMs = Date.now()
  return {
    funcId,
    triggerTimeMs,
    isDebug,
    id: makeTaskId(nowMs),
    triggerId: tick?.triggerId ?? null,
    origin: tick === null ? 'direct' : 'cronJob',
    tickMs: tick?.tickMs ?? null,
    missedTicks: tick?.missedTicks ?? 0,
    expiresAtMs: nowMs + (api?.expiresSec ?? DEFAULT_EXPIRES_SEC) * SECOND_MS,
    ...(await readRoute(parts, connectorOf(script, funcId))),
  }
}
