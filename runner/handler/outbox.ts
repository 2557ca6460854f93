import { DffError } from '../../core/error.ts'
import type { BatchDetail } from '../host-report.ts'
import type { HostHandlers } from '../host-api.ts'
import type { HostParts } from '../host-parts.ts'
import { unpackBody } from '../line-protocol/body.ts'
import { readLines } from '../line-protocol/read.ts'

/** Enough to recognise what a batch is about; `dff exec --backfill` collects it again. */
const SHOWN_LINES = 20
/** An object's line carries the whole object. */
const MAX_SHOWN_LINE = 1_000

function cutLine(line: string): string {
  return line.length <= MAX_SHOWN_LINE ? line : `${line.slice(0, MAX_SHOWN_LINE).toWellFormed()}…`
}

function unknownBatch(batchId: number): DffError {
  return new DffError({
    code: 'UNKNOWN_NAME',
    place: 'batch',
    expected: 'a batch that is in the outbox',
    got: String(batchId),
    remedy: 'See dff outbox list; a batch that is not there was delivered or dropped.',
  })
}

/** A batch with the first of its lines, so that whoever decides about it sees what it is about. */
async function showBatch({ store: { outbox } }: HostParts, batchId: number): Promise<BatchDetail> {
  const batch = await outbox.get(batchId)
  if (batch === undefined) throw unknownBatch(batchId)
  const { body, scriptId: _scriptId, ...shown } = batch
  const lines = readLines(unpackBody(body) ?? '').slice(0, SHOWN_LINES)
  return { ...shown, lines: lines.map(({ line }) => cutLine(line)) }
}

/** Batches that wait, and those that a sink refused for good. */
export function makeOutboxHandlers(
  parts: HostParts,
): Pick<HostHandlers, 'outbox.list' | 'outbox.show' | 'outbox.retry' | 'outbox.drop'> {
  const { outbox } = parts.store
  return {
    'outbox.list': ({ state, limit }) => outbox.list(state, limit),
    'outbox.show': ({ batchId }) => showBatch(parts, batchId),
    'outbox.retry': async ({ batchId }) => {
      const retried = await outbox.revive(batchId)
      if (batchId !== null && retried === 0) throw unknownBatch(batchId)
      parts.sender.wake()
      return { retried }
    },
    'outbox.drop': async ({ batchId }) => {
      const dropped = await (batchId === null ? outbox.dropDead() : outbox.drop(batchId))
      if (batchId !== null && dropped === 0) throw unknownBatch(batchId)
      return { dropped }
    },
  }
}
