import { DffError } from '../../core/error.ts'
import type { HostHandlers } from '../host-api.ts'
import type { HostParts } from '../host-parts.ts'

function unknownBatch(batchId: number): DffError {
  return new DffError({
    code: 'UNKNOWN_NAME',
    place: 'batch',
    expected: 'a batch that is in the outbox',
    got: String(batchId),
    remedy: 'See dff outbox list; a batch that is not there was delivered or dropped.',
  })
}

/** Batches that wait, and those that a sink refused for good. */
export function makeOutboxHandlers(
  parts: HostParts,
): Pick<HostHandlers, 'outbox.list' | 'outbox.retry' | 'outbox.drop'> {
  const { outbox } = parts.store
  return {
    'outbox.list': ({ state, limit }) => outbox.list(state, limit),
    'outbox.retry': async ({ batchId }) => {
      const retried = await outbox.revive(batchId)
      if (batchId !== null && retried === 0) throw unknownBatch(batchId)
      parts.sender.wake()
      return { retried }
    },
    'outbox.drop': async ({ batchId }) => {
      const dropped = await outbox.drop(batchId)
      if (dropped === 0) throw unknownBatch(batchId)
      return { dropped }
    },
  }
}
