/**
 * What the host keeps, as a contract: small async groups, no SQL idiom, so that PostgreSQL can stand behind it later.
 * Every method either happened whole or not at all. `test/contract/store.ts` is this contract in executable form.
 */
import type { Json } from '../../core/json.ts'
import type { Category } from '../../core/point.ts'
import type { ConnectorConfig, SetManifest } from '../../core/schema-types.generated.ts'
import type { Prediction, Problem, Usage } from '../../core/script.ts'
import type { EpochMs } from '../../core/time.ts'
import type {
  ApiFunctionInfo,
  Backlog,
  OutboxRow,
  TaskRecord,
  TaskResources,
  TaskStatus,
} from '../host-api.ts'
import type { RecordStore } from './record-store.ts'
import type { UsageStore } from './usage-store.ts'

/** The current generation of an installed set; older generations stay on disk until nothing runs from them. */
export interface InstalledSet {
  readonly setId: string
  readonly version: string
  readonly digest: string
  readonly manifest: SetManifest
  /** Form schema at install, so that deploy needs no listing; null for a set that is only imported. */
  readonly form: Readonly<Record<string, Json>> | null
  /** Form values without secrets. */
  readonly parameters: Readonly<Record<string, Json>>
  readonly installedAtMs: EpochMs
}

/** A deployed Startup script and the API functions it exported when it was last loaded. */
export interface StartupScript {
  /** `startup__guance_aws_lambda` */
  readonly scriptId: string
  readonly setId: string
  /** sha256 of the text that deploy wrote; a different text on disk has been edited. */
  readonly digest: string
  readonly functions: readonly ApiFunctionInfo[]
  readonly deployedAtMs: EpochMs
}

export interface StoredSecret {
  readonly name: string
  readonly sealed: Uint8Array
  readonly updatedAtMs: EpochMs
  /** Script ids whose tasks may use it. */
  readonly grantedTo: readonly string[]
}

export interface StoredTrigger {
  readonly triggerId: string
  readonly funcId: string
  readonly title: string
  readonly fixedCronExpr: string
  readonly cronOverride: string | null
  readonly timezone: string
  readonly isEnabled: boolean
  readonly lastTickMs: EpochMs | null
}

/** What a Startup script says of a trigger; the rest is what the user and the clock made of it. */
export type DeclaredTrigger = Pick<
  StoredTrigger,
  'triggerId' | 'funcId' | 'title' | 'fixedCronExpr' | 'timezone'
>

/** A secret of an install form: its new value and the script that may use it, or null to forget it. */
export interface SecretChange {
  readonly name: string
  readonly sealed: Uint8Array | null
  readonly grantTo: string
}

export interface NewTask {
  readonly id: string
  readonly funcId: string
  readonly triggerId: string | null
  readonly origin: TaskRecord['origin']
  /** With triggerId the identity of a tick: the same tick is created once, whoever asks. */
  readonly tickMs: EpochMs | null
  readonly triggerTimeMs: EpochMs
  readonly expiresAtMs: EpochMs
  readonly isDebug: boolean
  readonly connector: string
  readonly endpointUrl: string | null
}

export type ClaimResult =
  | { readonly kind: 'claimed'; readonly fence: number }
  /** Another task of the same function holds the lease. */
  | { readonly kind: 'busy'; readonly holderTaskId: string }
  /** It waited past expiresAtMs, or it is no longer waiting. */
  | { readonly kind: 'gone'; readonly status: TaskStatus }

/** What proves that a task still owns its function's lease; a commit with an older fence is refused. */
export interface Lease {
  readonly taskId: string
  readonly fence: number
}

export interface TaskEnd {
  readonly status: TaskStatus
  readonly endTimeMs: EpochMs
  readonly exceptionType: string | null
  readonly exceptionText: string | null
  readonly problems: readonly Problem[]
  /** All of it. */
  readonly usage: readonly Usage[]
  /** What of it no commit has counted: AWS bills it, so it counts even when the lease was lost. */
  readonly uncounted: readonly Usage[]
  readonly predicted: readonly Prediction[]
  readonly resources: TaskResources | null
  readonly returnValue: Json
}

/** One request body to be: gzip of line protocol, immutable once stored, so that a retry is byte-identical. */
export interface EncodedBatch {
  readonly category: Category
  readonly points: number
  readonly rawBytes: number
  readonly body: Uint8Array
  readonly contents: readonly BatchContent[]
}

/** What a batch holds, counted when it was encoded; becomes a receipt when the sink acknowledges the batch. */
export interface BatchContent {
  readonly measurement: string
  /** Object name for category custom_object, field key for metric, else empty. */
  readonly key: string
  readonly points: number
  readonly lastPointMs: EpochMs
}

/** What the sink acknowledged so far of one (Startup script, category, measurement, key). */
export interface Receipt extends BatchContent {
  readonly scriptId: string
  readonly category: string
  readonly lastAcknowledgedMs: EpochMs
}

export interface Commit {
  readonly lease: Lease
  readonly nowMs: EpochMs
  readonly scriptId: string
  readonly connectorId: string
  readonly batches: readonly EncodedBatch[]
  /** null deletes the key. */
  readonly state: Readonly<Record<string, Json>>
  /** Used since the task's last commit: counted with this one, so that a host that is killed forgets one slice at most. */
  readonly usage: readonly Usage[]
}

export type CommitResult =
  | { readonly kind: 'committed' }
  | { readonly kind: 'lease-lost' }
  | ({ readonly kind: 'outbox-full' } & OutboxRoom)
  /** The state of the script would have become larger than a script may keep. */
  | { readonly kind: 'state-full'; readonly stateBytes: number; readonly maxBytes: number }

/** How much of the outbox's bound is taken; dead batches take from it as well. */
export interface OutboxRoom {
  readonly waitingBytes: number
  readonly deadBytes: number
  readonly maxBytes: number
}

export interface StoredBatch extends EncodedBatch {
  readonly batchId: number
  readonly connectorId: string
  readonly scriptId: string
  readonly taskId: string
  readonly attempts: number
  readonly createdAtMs: EpochMs
}

export interface SetStore {
  /** Sets that belong together, with the secrets of their form: no task sees some of them new and others old. */
  put(sets: readonly InstalledSet[], secrets: readonly SecretChange[]): Promise<void>
  get(setId: string): Promise<InstalledSet | undefined>
  list(): Promise<readonly InstalledSet[]>
}

export interface ScriptStore {
  /**
   * A script with the triggers that its functions declare. What the user set and the last tick stay, also those of a
   * trigger that is no longer declared: it is not listed, and comes back with them when it is declared again.
   */
  put(script: StartupScript, triggers: readonly DeclaredTrigger[]): Promise<void>
  get(scriptId: string): Promise<StartupScript | undefined>
  list(): Promise<readonly StartupScript[]>
}

export interface SecretStore {
  /** Replaces the value and keeps the grants. */
  put(name: string, sealed: Uint8Array, nowMs: EpochMs): Promise<void>
  grant(name: string, scriptId: string): Promise<void>
  get(name: string): Promise<StoredSecret | undefined>
  list(): Promise<readonly StoredSecret[]>
  remove(name: string): Promise<boolean>
}

export interface ConnectorStore {
  put(id: string, config: ConnectorConfig): Promise<void>
  get(id: string): Promise<ConnectorConfig | undefined>
  list(): Promise<readonly { readonly id: string; readonly config: ConnectorConfig }[]>
}

/** Triggers that a script declares now; `ScriptStore.put` makes them. */
export interface TriggerStore {
  get(triggerId: string): Promise<StoredTrigger | undefined>
  list(): Promise<readonly StoredTrigger[]>
  setEnabled(triggerId: string, isEnabled: boolean): Promise<void>
  setOverride(triggerId: string, cron: string | null, timezone: string | null): Promise<void>
}

export interface TaskQueue {
  /** False when this tick exists already. A tick also moves its trigger's lastTickMs forward, in the same transaction. */
  enqueueOnce(task: NewTask): Promise<boolean>
  /** waiting → pending with the function's lease until nowMs + leaseMs; an expired task becomes `expire` here. */
  claim(taskId: string, nowMs: EpochMs, leaseMs: number): Promise<ClaimResult>
  /** False when the lease was lost. */
  heartbeat(lease: Lease, untilMs: EpochMs): Promise<boolean>
  /** Remembers the child, so that a new owner can end an orphan: pids are reused, pid and start time are not. */
  recordChild(lease: Lease, pid: number, startTicks: string | null): Promise<void>
  /** Final status of a task that never ran (skip). */
  close(taskId: string, status: TaskStatus, reason: string, nowMs: EpochMs): Promise<void>
  /** Record and what is still to be counted in one transaction; releases the lease. False when the lease was lost. */
  finish(lease: Lease, end: TaskEnd): Promise<boolean>
  /** Tasks of status pending, with their children, for a new owner to end. */
  orphans(): Promise<
    readonly {
      readonly taskId: string
      readonly fence: number
      readonly pid: number | null
      readonly startTicks: string | null
    }[]
  >
  waiting(): Promise<readonly { readonly taskId: string; readonly funcId: string }[]>
}

export interface OutboxStore {
  /** The oldest waiting batch of a connector that is due; order within a series is kept because only the oldest is offered. */
  next(connectorId: string, nowMs: EpochMs): Promise<StoredBatch | undefined>
  /** Earliest time at which next() can offer something, or undefined when nothing waits. */
  nextDueMs(connectorId: string): Promise<EpochMs | undefined>
  /** Removes the batch and writes its receipts, in one transaction. */
  acknowledge(batchId: number, nowMs: EpochMs): Promise<void>
  retryAt(batchId: number, nextAttemptMs: EpochMs, reason: string): Promise<void>
  /** Replaces a batch by smaller ones in its place (413), keeping its position in the order. */
  split(batchId: number, pieces: readonly EncodedBatch[]): Promise<void>
  /** Out of the way, kept and shown, with what the sink said. */
  bury(batchId: number, reason: string): Promise<void>
  list(state: OutboxRow['state'] | null, limit: number): Promise<readonly OutboxRow[]>
  /** Dead batches back to waiting; null means all. */
  revive(batchId: number | null): Promise<number>
  drop(batchId: number): Promise<number>
  backlog(): Promise<Backlog>
  room(): Promise<OutboxRoom>
  receipts(scriptId: string): Promise<readonly Receipt[]>
  acknowledged(): Promise<{ readonly points: number; readonly lastMs: EpochMs | null }>
  /** Forgets receipts of what has not been acknowledged since: a deleted function leaves no other trace. */
  pruneReceipts(olderThanMs: EpochMs): Promise<number>
}

export interface StateStore {
  load(scriptId: string, key: string): Promise<Json | undefined>
  /** Removes keys that a script has not written for so long while it went on writing others; a script that rests keeps all. */
  prune(keepMs: number): Promise<number>
}

export interface Store {
  readonly sets: SetStore
  readonly scripts: ScriptStore
  readonly secrets: SecretStore
  readonly connectors: ConnectorStore
  readonly triggers: TriggerStore
  readonly queue: TaskQueue
  readonly records: RecordStore
  readonly outbox: OutboxStore
  readonly state: StateStore
  readonly usage: UsageStore
  /** Points, cursors and everything else a slice stands for: one transaction, checked against the lease and the bounds of outbox and state. */
  commit(commit: Commit): Promise<CommitResult>
  close(): Promise<void>
}
