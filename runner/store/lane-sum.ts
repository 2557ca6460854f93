import type { EpochMs } from '../../core/time.ts'
import type { Backlog } from '../host-api.ts'
import type { LaneTotals } from './outbox-store.ts'

/** What waits and what is dead of several connectors together. */
export function sumBacklog(lanes: readonly LaneTotals[]): Backlog {
  const add = (key: 'waitingBatches' | 'waitingPoints' | 'deadBatches' | 'deadPoints'): number =>
    lanes.reduce((total, lane) => total + lane[key], 0)
  const oldest = lanes.map((lane) => lane.oldestWaitingMs).filter((timeMs) => timeMs !== null)
  return {
    waitingBatches: add('waitingBatches'),
    waitingPoints: add('waitingPoints'),
    deadBatches: add('deadBatches'),
    deadPoints: add('deadPoints'),
    oldestWaitingMs: oldest.length === 0 ? null : Math.min(...oldest),
  }
}

/** What several connectors have acknowledged, and when the last of it. */
export function sumAcknowledged(lanes: readonly LaneTotals[]): {
  readonly points: number
  readonly lastMs: EpochMs | null
} {
  return {
    points: lanes.reduce((total, lane) => total + lane.acknowledgedPoints, 0),
    lastMs: Math.max(0, ...lanes.map((lane) => lane.lastAcknowledgedMs ?? 0)) || null,
  }
}
