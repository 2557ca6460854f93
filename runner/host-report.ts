/** What a host reports of sets, connectors, batches and keys; a part of host-api.ts. */
import type { Json } from '../core/json.ts'
import type { ConnectorConfig, SetManifest } from '../core/schema-types.generated.ts'
import type { Check, SinkTraits } from '../core/script.ts'
import type { EpochMs } from '../core/time.ts'

export interface MarketRow {
  readonly manifest: SetManifest
  readonly digest: string
  readonly installedVersion: string | null
  readonly isUpdateWaiting: boolean
}

export interface MarketEntry extends MarketRow {
  /** JSON Schema of the install form, absent for a set that is only imported. */
  readonly parameters: Readonly<Record<string, Json>> | null
  readonly files: readonly { readonly path: string; readonly bytes: number; readonly sha256: string }[]
}

export interface InstalledRow {
  readonly setId: string
  readonly version: string
  readonly digest: string
  readonly wasInstalled: boolean
}

/** ok: accepted or nothing to do. retrying: not now. stopped: until somebody acts. */
export type DeliveryState = 'ok' | 'retrying' | 'stopped'

/** One connector with its part of the outbox: its own order, bound and errors. */
export interface LaneRow {
  readonly connectorId: string
  /** Null where batches wait for a connector that is not set any more. */
  readonly config: ConnectorConfig | null
  readonly waitingBatches: number
  readonly waitingPoints: number
  readonly waitingBytes: number
  readonly deadBatches: number
  readonly deadPoints: number
  readonly deadBytes: number
  /** Waiting and dead batches together may take this much; `pressure` says how near that is. */
  readonly maxBytes: number
  readonly pressure: 'low' | 'high' | 'paused'
  readonly oldestWaitingMs: EpochMs | null
  readonly acknowledgedPoints: number
  readonly lastAcknowledgedMs: EpochMs | null
  readonly delivery: DeliveryState
  readonly lastError: string | null
}

/** A batch that has not been delivered. */
export interface OutboxRow {
  readonly batchId: number
  readonly state: 'waiting' | 'dead'
  readonly connectorId: string
  readonly category: string
  readonly points: number
  readonly rawBytes: number
  readonly taskId: string
  readonly createdAtMs: EpochMs
  readonly attempts: number
  readonly nextAttemptMs: EpochMs | null
  readonly reason: string | null
}

/** A batch with what is in it. */
export interface BatchDetail extends OutboxRow {
  /** By measurement and field key or object name. */
  readonly contents: readonly {
    readonly measurement: string
    readonly key: string
    readonly points: number
    readonly lastPointMs: EpochMs
  }[]
  /** The first lines of line protocol; `points` says how many there are. */
  readonly lines: readonly string[]
}

/** A report of checks on a connector, with what was found out about its store. */
export interface ConnectorTestReport {
  readonly target: string
  readonly checks: readonly Check[]
  /** What the store does with a rewrite; null when that was not asked or cannot be found out. */
  readonly found: SinkTraits | null
  /** Whether the connector was changed to say so. */
  readonly isSaved: boolean
}

/** A key that was changed. */
export interface KeyRotation {
  /** Values that the new key seals now. */
  readonly resealed: number
  /** Where the new key is: the path of its file, or DFF_SECRET_KEY, which the user has to set. */
  readonly place: string
}
