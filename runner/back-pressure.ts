import type { HostParts } from './host-parts.ts'
import { describePause, judgePressure } from './outbox/pressure.ts'
import { connectorOf } from './route.ts'
import type { CloseReason, NewTask } from './store/store.ts'
import { scriptIdOf } from './task-scope.ts'

/** Why nothing may be asked of AWS now: what came would find no room. A rehearsal writes nothing and may go on. */
export async function findPause(
  { store }: Pick<HostParts, 'store'>,
  { funcId, isDebug }: Pick<NewTask, 'funcId' | 'isDebug'>,
): Promise<CloseReason | undefined> {
  if (isDebug) return undefined
  const connectorId = connectorOf(await store.scripts.get(scriptIdOf(funcId)), funcId)
  const room = await store.outbox.room(connectorId)
  if (judgePressure(room) !== 'paused') return undefined
  return { type: 'OUTBOX_FULL', text: describePause(connectorId, room) }
}
