import { unpackBody } from '../line-protocol/body.ts'
import { readLines } from '../line-protocol/read.ts'
import type { SendResult } from '../sink/sink.ts'
import type { EncodedBatch, OutboxStore, StoredBatch } from '../store/outbox-store.ts'

/** With the backoff of a minute at most this is two to three minutes: longer than a restart of DataKit. */
const ATTEMPTS_BEFORE_PROBE = 10

/** An attempt that found the way closed comes 5, 10, 20 minutes after the one before: the third is half an hour later. */
const STOPS_BEFORE_PROBE = 3

/** How many of the batches behind it are looked at for one that may go first. */
const MAX_CANDIDATES = 8

export interface Probe {
  readonly outbox: OutboxStore
  readonly batch: StoredBatch
  readonly send: (batch: StoredBatch) => Promise<SendResult>
  readonly settle: (batch: StoredBatch, result: SendResult) => Promise<void>
  /** After it a result says nothing of the sink. */
  readonly signal: AbortSignal
}

/**
 * True when a batch failed so often that it may be at fault itself, and not the sink: a firewall may refuse one body with
 * 403. `stopsInARow` counts the attempts before this one that found the way closed.
 */
export function mayBeBlocker({ attempts }: StoredBatch, result: SendResult, stopsInARow: number): boolean {
  if (result.kind === 'stopped') return (stopsInARow + 1) % STOPS_BEFORE_PROBE === 0
  return result.kind === 'retry' && (attempts + 1) % ATTEMPTS_BEFORE_PROBE === 0
}

function isRefusedAgain(result: SendResult): result is Extract<SendResult, { kind: 'retry' | 'stopped' }> {
  return result.kind === 'retry' || result.kind === 'stopped'
}

/** Each series with its time: where two lines of the same would be written in the wrong order. */
function pointsOf({ category, body }: EncodedBatch): readonly string[] {
  return readLines(unpackBody(body) ?? '').map(({ series, timeMs }) => `${category} ${series} ${timeMs}`)
}

/** A batch behind this one that holds no point of any that it would overtake. */
async function findCandidate({ outbox, batch }: Probe): Promise<StoredBatch | undefined> {
  const passed = new Set(pointsOf(batch))
  for (const next of await outbox.following(batch.batchId, MAX_CANDIDATES)) {
    const points = pointsOf(next)
    if (!points.some((point) => passed.has(point))) return next
    for (const point of points) passed.add(point)
  }
  return undefined
}

/**
 * Asks whether a batch alone is refused: one behind it is tried, and when that one is accepted this one once more,
 * because the sink may have come back in between. When it fails again it is refused for good: else one batch would hold
 * everything behind it for ever. Resolves with what became of the batch. A kill in the middle repeats a request at most.
 */
export async function probeBlocker(probe: Probe, result: SendResult): Promise<SendResult> {
  const { batch, send, settle, signal } = probe
  const next = await findCandidate(probe)
  if (next === undefined) return result
  const answer = await send(next)
  if (answer.kind !== 'accepted') return result
  await settle(next, answer)
  const again = await send(batch)
  if (!isRefusedAgain(again) || signal.aborted) return again
  const attempts = batch.attempts + 2
  const reason = `${again.reason} (${attempts} attempts failed, while the batch behind it was accepted)`
  return { kind: 'rejected', reason }
}
