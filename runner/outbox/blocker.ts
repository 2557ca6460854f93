import type { EpochMs } from '../../core/time.ts'
import type { SendResult } from '../sink/sink.ts'
import type { OutboxStore, StoredBatch } from '../store/outbox-store.ts'

/** With the backoff of a minute at most this is two to three minutes: longer than a restart of DataKit. */
const ATTEMPTS_BEFORE_PROBE = 10

/** An attempt that found the way closed comes 5, 10, 20 minutes after the one before: the third is half an hour later. */
const STOPS_BEFORE_PROBE = 3

/** Offers the next batch even before its time. */
const ANY_TIME: EpochMs = Number.MAX_SAFE_INTEGER

export interface Probe {
  readonly outbox: OutboxStore
  readonly batch: StoredBatch
  readonly send: (batch: StoredBatch) => Promise<SendResult>
  readonly settle: (batch: StoredBatch, result: SendResult) => Promise<void>
  /** After it a result says nothing of the sink. */
  readonly signal: AbortSignal
}

/** True when a batch failed so often that it may be at fault itself, and not the sink: a firewall may refuse one body with 403. */
export function mayBeBlocker({ attempts }: StoredBatch, result: SendResult): boolean {
  if (result.kind === 'stopped') return (attempts + 1) % STOPS_BEFORE_PROBE === 0
  return result.kind === 'retry' && (attempts + 1) % ATTEMPTS_BEFORE_PROBE === 0
}

function isRefusedAgain(result: SendResult): result is Extract<SendResult, { kind: 'retry' | 'stopped' }> {
  return result.kind === 'retry' || result.kind === 'stopped'
}

/** True when the sink takes the batch behind this one: it is up. */
async function isNextAccepted({ outbox, batch, send, settle }: Probe): Promise<boolean> {
  const next = await outbox.next(batch.connectorId, ANY_TIME)
  if (next === undefined) return false
  const result = await send(next)
  if (result.kind !== 'accepted') return false
  await settle(next, result)
  return true
}

/**
 * Asks whether a batch alone is refused: the batch behind it is tried, and when that one is accepted this one once more,
 * because the sink may have come back in between. When it fails again it is refused for good: else one batch would hold
 * everything behind it for ever. Resolves with what became of the batch.
 */
export async function probeBlocker(probe: Probe, result: SendResult): Promise<SendResult> {
  const { outbox, batch, send, signal } = probe
  await outbox.setAside(batch.batchId)
  try {
    if (!(await isNextAccepted(probe))) return result
    const again = await send(batch)
    if (!isRefusedAgain(again) || signal.aborted) return again
    const attempts = batch.attempts + 2
    const reason = `${again.reason} (${attempts} attempts failed, while the batch behind it was accepted)`
    return { kind: 'rejected', reason }
  } finally {
    await outbox.restoreAside(batch.connectorId)
  }
}
