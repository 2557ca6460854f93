import { readdirSync } from 'node:fs'
import type { EpochMs } from '../../core/time.ts'
import type { HostParts } from '../host-parts.ts'
import type { Backlog } from '../host-api.ts'
import { PACKAGE_VERSION } from '../package.ts'
import { sumAcknowledged, sumBacklog } from '../store/lane-sum.ts'
import type { LaneTotals } from '../store/outbox-store.ts'
import type { RecordCount } from '../store/summary.ts'
import type { StoredTrigger } from '../store/trigger-store.ts'
import type { Counters } from './counters.ts'
import type { LagRow } from './status-rows.ts'

/** Script id of what the host says of itself: no Startup script can have it, theirs begin with `startup__`. */
export const OWN_SCRIPT_ID = 'dff'

/** Categories whose points are as old as what they tell of; a log's time is when it was written. */
const TIMED = new Set(['metric', 'custom_object'])

export interface ProcessUse {
  readonly rssBytes: number
  /** User and system time since its start. */
  readonly cpuSec: number
  /** Null where the system does not tell (only Linux does). */
  readonly openFiles: number | null
}

/** The state of a host at one instant, from its store, its process and its counters. */
export interface Observation {
  readonly nowMs: EpochMs
  readonly startedAtMs: EpochMs
  readonly version: string
  readonly node: string
  readonly process: ProcessUse
  readonly records: readonly RecordCount[]
  readonly triggers: readonly StoredTrigger[]
  readonly backlog: Backlog
  /** What waits and what is dead, connector by connector, with each one's bound. */
  readonly lanes: readonly LaneTotals[]
  readonly acknowledged: { readonly points: number; readonly lastMs: EpochMs | null }
  readonly lags: readonly LagRow[]
  readonly counters: Counters
}

/** What is needed of a host to observe it. */
export type Observed = Pick<HostParts, 'store' | 'owner' | 'counters'>

function countOpenFiles(): number | null {
  try {
    return readdirSync('/proc/self/fd').length
  } catch {
    return null
  }
}

function readProcess(): ProcessUse {
  const { user, system } = process.cpuUsage()
  return {
    rssBytes: process.memoryUsage.rss(),
    cpuSec: (user + system) / 1e6,
    openFiles: countOpenFiles(),
  }
}

/** Lags of everything that Startup scripts deliver, the host's own points left out. */
async function readLags({ store }: Observed, nowMs: EpochMs): Promise<readonly LagRow[]> {
  const rows = await store.outbox.freshness()
  return rows
    .filter(({ scriptId, category }) => scriptId !== OWN_SCRIPT_ID && TIMED.has(category))
    .map(({ scriptId, measurement, lastPointMs }) => ({
      scriptId,
      measurement,
      newestPointMs: lastPointMs,
      // Never negative: an object is stamped with a time that another clock gave.
      lagMs: Math.max(0, nowMs - lastPointMs),
    }))
}

/** Reads it all; rejects where the store cannot be read. */
export async function observe(parts: Observed, nowMs: EpochMs): Promise<Observation> {
  const { store, owner, counters } = parts
  const lanes = await store.outbox.lanes()
  return {
    nowMs,
    startedAtMs: owner.startedAtMs,
    version: PACKAGE_VERSION,
    node: process.version,
    process: readProcess(),
    records: await store.records.counts(),
    triggers: await store.triggers.list(),
    backlog: sumBacklog(lanes),
    lanes,
    acknowledged: sumAcknowledged(lanes),
    lags: await readLags(parts, nowMs),
    counters,
  }
}
