import type { HostHandlers } from '../host-api.ts'
import type { HostParts } from '../host-parts.ts'

/** Batches that wait, and those that a sink refused for good. */
export function makeOutboxHandlers(
  parts: HostParts,
): Pick<HostHandlers, 'outbox.list' | 'outbox.retry' | 'outbox.drop'> {
  const { outbox } = parts.store
  return {
    'outbox.list': ({ state, limit }) => outbox.list(state, limit),
    'outbox.retry': async ({ batchId }) => {
      const retried = await outbox.revive(batchId)
      parts.sender.wake()
      return { retried }
    },
    'outbox.drop': async ({ batchId }) => ({ dropped: await outbox.drop(batchId) }),
  }
}
