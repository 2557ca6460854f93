import { HOUR_MS, MINUTE_MS, type EpochMs } from '../../core/time.ts'
import type { DeliveryState } from '../host-report.ts'
import type { SendResult } from '../sink/sink.ts'
import type { OutboxStore, StoredBatch } from '../store/outbox-store.ts'
import { backoffMs } from './backoff.ts'
import { splitBatch } from './split-batch.ts'

/** A wrong token or an empty quota does not heal in seconds; a person acts, and `reload` tries at once. */
const FIRST_STOPPED_PAUSE_MS = 5 * MINUTE_MS
/** Once an hour is often enough to notice that a quota was renewed, and nobody calls it hammering. */
const MAX_STOPPED_PAUSE_MS = HOUR_MS
/**
 * Refusals in a row, without one line accepted, after which batches are no longer searched. One bad line among 2,000
 * is found within 12 and a run of a hundred within this; more means that the sink refuses everything, and then each
 * further batch costs one request instead of two per line. What was not searched is a dead batch and can be retried.
 */
const MAX_REFUSALS_IN_A_ROW = 256

/** What a lane remembers between batches. */
export interface DeliveryMemory {
  refusalsInARow: number
  /** Attempts in a row that found the way closed; the pause doubles with each. */
  stopsInARow: number
  state: DeliveryState
  lastError: string | null
  lastAcknowledgedMs: EpochMs | null
}

export interface Settlement {
  readonly outbox: OutboxStore
  readonly batch: StoredBatch
  readonly result: SendResult
  readonly nowMs: EpochMs
  readonly random: () => number
}

const STATES: Readonly<Record<SendResult['kind'], DeliveryState>> = {
  accepted: 'ok',
  retry: 'retrying',
  // The sink works: it has said no to one body.
  'too-large': 'ok',
  'bad-lines': 'ok',
  rejected: 'ok',
  stopped: 'stopped',
}

export function makeMemory(): DeliveryMemory {
  return { refusalsInARow: 0, stopsInARow: 0, state: 'ok', lastError: null, lastAcknowledgedMs: null }
}

/** 5, 10, 20, 40, 60, 60 … minutes. */
function stoppedPauseMs(stopsInARow: number): number {
  return Math.min(MAX_STOPPED_PAUSE_MS, FIRST_STOPPED_PAUSE_MS * 2 ** Math.min(stopsInARow - 1, 10))
}

/** Halves take the batch's place in the order; each is then a batch like any other, so that a crash loses no progress. */
async function splitOrBury({ outbox, batch }: Settlement, reason: string): Promise<void> {
  const halves = splitBatch(batch)
  if (halves === undefined) return outbox.bury(batch.batchId, reason)
  return outbox.split(batch.batchId, halves)
}

async function settleBadLines(settlement: Settlement, memory: DeliveryMemory, reason: string): Promise<void> {
  memory.refusalsInARow += 1
  if (memory.refusalsInARow <= MAX_REFUSALS_IN_A_ROW) return splitOrBury(settlement, reason)
  const { outbox, batch } = settlement
  return outbox.bury(
    batch.batchId,
    `${reason} (not searched further: ${MAX_REFUSALS_IN_A_ROW} refusals in a row)`,
  )
}

function remember(memory: DeliveryMemory, result: SendResult): void {
  memory.state = STATES[result.kind]
  memory.stopsInARow = result.kind === 'stopped' ? memory.stopsInARow + 1 : 0
  memory.lastError = result.kind === 'accepted' ? null : result.reason
}

/** Writes down what the sink said of a batch. After it returns the batch is gone, in pieces, dead, or has its next time. */
export async function settleResult(settlement: Settlement, memory: DeliveryMemory): Promise<void> {
  const { outbox, batch, result, nowMs, random } = settlement
  remember(memory, result)
  switch (result.kind) {
    case 'accepted':
      memory.refusalsInARow = 0
      memory.lastAcknowledgedMs = nowMs
      return outbox.acknowledge(batch.batchId, nowMs)
    case 'retry': {
      const delayMs = Math.max(backoffMs(batch.attempts, random), result.retryAfterMs ?? 0)
      return outbox.retryAt(batch.batchId, nowMs + delayMs, result.reason)
    }
    case 'too-large':
      return splitOrBury(settlement, result.reason)
    case 'bad-lines':
      return settleBadLines(settlement, memory, result.reason)
    case 'rejected':
      return outbox.bury(batch.batchId, result.reason)
    case 'stopped':
      return outbox.retryAt(batch.batchId, nowMs + stoppedPauseMs(memory.stopsInARow), result.reason)
  }
}
