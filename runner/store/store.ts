/**
 * What the host keeps, as a contract: small async groups, no SQL idiom, so that PostgreSQL can stand behind it later.
 * Every method either happened whole or not at all. `test/contract/store.ts` is this contract in executable form.
 */
import type { Json } from '../../core/json.ts'
import type { ConnectorConfig, SetManifest } from '../../core/schema-types.generated.ts'
import type { Prediction, Problem, Usage } from '../../core/script.ts'
import type { EpochMs } from '../../core/time.ts'
import type { ApiFunctionInfo, TaskRecord, TaskResources, TaskStatus } from '../host-api.ts'
import type { EncodedBatch, OutboxRoom, OutboxStore } from './outbox-store.ts'
import type { RecordStore } from './record-store.ts'
import type { DeclaredTrigger, TriggerStore } from './trigger-store.ts'
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
  /** Ticks before this one that no task was made for, because no host ran or the clock jumped: this task stands for them. */
  readonly missedTicks?: number
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

/** Why a task never ran: the record's exceptionType and text. */
export interface CloseReason {
  readonly type: string
  readonly text: string
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
  /** Replaces every sealed value by what `change` makes of it, all or none; of the former ones nothing is left in the store's files. Resolves with their number. */
  reseal(change: (name: string, sealed: Uint8Array) => Uint8Array): Promise<number>
  remove(name: string): Promise<boolean>
}

export interface ConnectorStore {
  put(id: string, config: ConnectorConfig): Promise<void>
  get(id: string): Promise<ConnectorConfig | undefined>
  list(): Promise<readonly { readonly id: string; readonly config: ConnectorConfig }[]>
  /** False when there is none of this id. Batches are not touched: whoever removes has looked. */
  remove(id: string): Promise<boolean>
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
  /** Where the task's data comes from and goes to, as the record shows it; known for sure once its script has loaded. */
  recordRoute(lease: Lease, route: Pick<NewTask, 'connector' | 'endpointUrl'>): Promise<void>
  /** Final status of a task that never ran (skip); the type is Func's for the status unless one is given. */
  close(taskId: string, status: TaskStatus, reason: string | CloseReason, nowMs: EpochMs): Promise<void>
  /** Writes the end, which is never before the start, with what is still to be counted, and releases the lease, in one transaction. False when the lease was lost. */
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

export interface StateStore {
  /** With `usedMs`, the time of whoever works with it, the key counts as used then, for every `prune` of this store, and for those of other processes from the next commit on; it waits for no writer. Undefined for a key that is not there. */
  load(scriptId: string, key: string, usedMs?: EpochMs): Promise<Json | undefined>
  /** Removes keys that a script has neither written nor used for so long while it went on with others; a script that rests, or had a wrong clock, keeps all. Removes none while a use cannot be written down. */
  prune(keepMs: number, nowMs: EpochMs): Promise<number>
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
  /** Copies everything, as of one moment and while others write, into a new file. Rejects when the copy is not sound. */
  copy(path: string): Promise<void>
  close(): Promise<void>
}
