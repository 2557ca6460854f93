import { DffError } from '../../core/error.ts'
import { type EpochMs, formatTime, MINUTE_MS, SECOND_MS } from '../../core/time.ts'
import type { Backlog, HostHandlers } from '../host-api.ts'
import type { HostParts } from '../host-parts.ts'
import { findPause } from '../back-pressure.ts'
import { checkBackfill } from '../backfill.ts'
import { connectorOf } from '../route.ts'
import { scriptIdOf } from '../task-scope.ts'
import { resolveTarget } from '../target.ts'

/** How long exec goes on delivering after its task: enough for a poll of a large account, short for a person. */
const DELIVER_MS = 10 * SECOND_MS

async function deliver(parts: HostParts, connectorId: string, signal: AbortSignal): Promise<Backlog> {
  const deadlineMs = Date.now() + DELIVER_MS
  return parts.sender.drain({ deadlineMs, signal, connectorId })
}

async function findConnector({ store }: HostParts, funcId: string): Promise<string> {
  return connectorOf(await store.scripts.get(scriptIdOf(funcId)), funcId)
}

/** A window in the future holds nothing, and objects dated there would stay on top of the list for ever. */
function refuseFuture(atMs: EpochMs, nowMs: EpochMs): void {
  if (atMs <= nowMs + MINUTE_MS) return
  throw new DffError({
    code: 'BAD_PARAMETER',
    place: '--at',
    expected: `a time up to now, ${formatTime(nowMs)}`,
    got: formatTime(atMs),
    remedy: 'Leave --at out to run as of now.',
  })
}

/** The Execute button. */
export function makeExecHandlers(parts: HostParts): Pick<HostHandlers, 'exec'> {
  return {
    exec: async ({ target, atMs, debug, backfill }, onEvent, signal) => {
      if (atMs !== null) refuseFuture(atMs, Date.now())
      const window = backfill === undefined ? {} : { backfill: checkBackfill(backfill, Date.now()) }
      const { funcId } = await resolveTarget(parts, target)
      // Delivery runs beside the task, so that a full outbox can empty while it collects.
      parts.sender.start()
      // An outbox too full to begin may only have lacked somebody to empty it.
      if ((await findPause(parts, { funcId, isDebug: debug })) !== undefined) {
        await deliver(parts, await findConnector(parts, funcId), signal)
      }
      const request = {
        funcId,
        triggerTimeMs: atMs ?? Date.now(),
        isDebug: debug,
        ...window,
      }
      const record = await parts.tasks.execute(request, onEvent, signal)
      // Asked again: the script may have named another one when it was loaded.
      const connectorId = await findConnector(parts, funcId)
      const backlog = await deliver(parts, connectorId, signal)
      return { record, backlog, deliveryError: parts.sender.status(connectorId).lastError }
    },
  }
}
