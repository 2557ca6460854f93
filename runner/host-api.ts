/**
 * What a command can ask of a host: the same calls whether the command owns the home itself or talks to the owner
 * over its socket. Inputs and outputs are JSON, because they cross that socket and because `--json` prints them.
 */
import type { Check, Explanation, Prediction, Problem, Usage } from '../core/script.ts'
import type { ConnectorConfig } from '../core/schema-types.generated.ts'
import type { EpochMs } from '../core/time.ts'
import type { Json } from '../core/json.ts'
import type { Window } from '../core/window.ts'
import type { BackupRow } from './backup/backup-row.ts'
import type { PauseResult, TriggerRow } from './trigger/trigger-row.ts'
import type { PolicyReport, PolicyRequest } from './policy/policy-report.ts'
import type {
  BatchDetail,
  OutboxRow,
  ConnectorTestReport,
  InstalledRow,
  KeyRotation,
  MarketEntry,
  MarketRow,
} from './host-report.ts'
import type { HostStatus } from './host-status.ts'
import type { PlanReport } from './cost/priced-plan.ts'

/** Func's seven, in Func's order (guance.md §4.8). */
export const TASK_STATUSES = [
  'waiting',
  'pending',
  'success',
  'failure',
  'timeout',
  'skip',
  'expire',
] as const
export type TaskStatus = (typeof TASK_STATUSES)[number]

export interface ApiFunctionInfo {
  /** `startup__guance_aws_lambda.run` */
  readonly funcId: string
  readonly title: string
  readonly fixedCronExpr: string | null
  readonly timezone: string
  readonly timeoutSec: number
  readonly expiresSec: number
  /** Where its points go. */
  readonly connectorId: string
}

export interface DeployResult {
  readonly setId: string
  readonly scriptPath: string
  /** Where an edited Startup script was kept when `--force` replaced it. */
  readonly keptCopy: string | null
  readonly functions: readonly ApiFunctionInfo[]
  readonly triggers: readonly TriggerRow[]
}

/** What the task process used, as it says itself at its end. */
export interface TaskResources {
  /** User and system time. */
  readonly cpuMs: number
  readonly peakRssBytes: number
}

/** Counting missed ticks further says nothing more: three and a half days of a five-minute trigger. */
export const MAX_MISSED_TICKS = 1_000

/** The task record without its log. Names follow Func's columns (guance.md §4.8). */
export interface TaskRecord {
  readonly id: string
  readonly funcId: string
  readonly triggerId: string | null
  readonly origin: 'cronJob' | 'direct'
  readonly status: TaskStatus
  readonly triggerTimeMs: EpochMs
  /** Ticks before this one that had no task of their own and that this one stands for; at most MAX_MISSED_TICKS are counted. */
  readonly missedTicks: number
  readonly startTimeMs: EpochMs | null
  readonly endTimeMs: EpochMs | null
  readonly isDebug: boolean
  readonly exceptionType: string | null
  readonly exceptionText: string | null
  readonly problems: readonly Problem[]
  /** Points committed to the outbox, by category. */
  readonly points: Readonly<Record<string, number>>
  /** By API, account and region. */
  readonly usage: readonly Usage[]
  /** What it was about to ask for, by rule: retries and further pages are the difference to `usage`. */
  readonly predicted: readonly Prediction[]
  /** Null when its process ended without saying. */
  readonly resources: TaskResources | null
  readonly connector: string
  /** AWS_ENDPOINT_URL when it was set: data of a record that used it need not come from AWS. */
  readonly endpointUrl: string | null
  readonly returnValue: Json
}

export interface LogLine {
  readonly taskId: string
  readonly sequence: number
  readonly timeMs: EpochMs
  readonly text: string
}

export interface Backlog {
  readonly waitingBatches: number
  readonly waitingPoints: number
  readonly deadBatches: number
  readonly deadPoints: number
  readonly oldestWaitingMs: EpochMs | null
}

export interface ExecResult {
  readonly record: TaskRecord
  /** What was still waiting when exec stopped delivering. */
  readonly backlog: Backlog
  /** Why the last delivery did not succeed; null when it did. */
  readonly deliveryError: string | null
}

export interface ConnectorRow {
  readonly id: string
  readonly config: ConnectorConfig
  readonly isImplicit: boolean
}

export interface SecretRow {
  readonly name: string
  readonly updatedAtMs: EpochMs
  readonly grantedTo: readonly string[]
}

export interface CheckReport {
  readonly target: string
  readonly checks: readonly Check[]
}

/** Everything that is not the answer itself: log lines while a task runs, and what the host is doing. */
export type HostEvent =
  | { readonly kind: 'log'; readonly line: LogLine }
  | { readonly kind: 'note'; readonly text: string }

interface Method<Input, Output> {
  readonly input: Input
  readonly output: Output
}

type Empty = Readonly<Record<string, never>>

/** Install form values by parameter name; secrets are values here and nowhere else. */
export type FormValues = Readonly<Record<string, Json>>

export interface HostMethods {
  'market.list': Method<Empty, readonly MarketRow[]>
  'market.show': Method<{ readonly setId: string }, MarketEntry>
  install: Method<
    {
      readonly setId: string
      readonly parameters: FormValues
      readonly force: boolean
      readonly grant?: boolean
    },
    readonly InstalledRow[]
  >
  deploy: Method<
    {
      readonly setId: string
      readonly force: boolean
      /** Where its points go; left out, as the deployed script says, else `default`. */
      readonly connectorId?: string
    },
    DeployResult
  >
  'trigger.list': Method<Empty, readonly TriggerRow[]>
  'trigger.enable': Method<{ readonly triggerId: string; readonly isEnabled: boolean }, TriggerRow>
  'trigger.set': Method<
    { readonly triggerId: string; readonly cron: string | null; readonly timezone: string | null },
    TriggerRow
  >
  'trigger.pause': Method<{ readonly untilMs: EpochMs | null }, PauseResult>
  'trigger.resume': Method<Empty, PauseResult>
  exec: Method<
    {
      readonly target: string
      readonly atMs: EpochMs | null
      readonly debug: boolean
      /** By hand: this window again, instead of what is due. */
      readonly backfill?: Window
    },
    ExecResult
  >
  'task.list': Method<
    { readonly limit: number; readonly funcId: string | null; readonly status: TaskStatus | null },
    readonly TaskRecord[]
  >
  'task.show': Method<{ readonly taskId: string }, TaskRecord>
  log: Method<
    { readonly taskId: string; readonly follow: boolean },
    { readonly lines: readonly LogLine[]; readonly isCut: boolean }
  >
  status: Method<Empty, HostStatus>
  /** `file` is absolute; the host writes it. */
  backup: Method<{ readonly file: string; readonly force: boolean }, BackupRow>
  /** The host ends what runs and leaves the home to the caller's process until that has left it too. */
  'home.lend': Method<Empty, { readonly isLent: true }>
  'outbox.list': Method<
    { readonly state: 'waiting' | 'dead' | null; readonly limit: number },
    readonly OutboxRow[]
  >
  'outbox.retry': Method<{ readonly batchId: number | null }, { readonly retried: number }>
  'outbox.show': Method<{ readonly batchId: number }, BatchDetail>
  /** null drops every dead batch. */
  'outbox.drop': Method<{ readonly batchId: number | null }, { readonly dropped: number }>
  'secret.set': Method<
    { readonly name: string; readonly value: string; readonly grantTo: string | null },
    SecretRow
  >
  'secret.list': Method<Empty, readonly SecretRow[]>
  'secret.rotateKey': Method<{ readonly key: string | null }, KeyRotation>
  'secret.remove': Method<{ readonly name: string }, { readonly removed: boolean }>
  'connector.set': Method<
    { readonly id: string; readonly config: ConnectorConfig; readonly token: string | null },
    ConnectorRow
  >
  'connector.list': Method<Empty, readonly ConnectorRow[]>
  'connector.remove': Method<{ readonly id: string }, { readonly id: string }>
  'connector.test': Method<
    {
      readonly id: string
      /** Also find out what the store does with a rewrite. */
      readonly rewrite?: boolean
      /** Store what was found in the connector. */
      readonly save?: boolean
    },
    ConnectorTestReport
  >
  doctor: Method<{ readonly setId: string | null }, readonly CheckReport[]>
  verify: Method<{ readonly setId: string }, CheckReport>
  policy: Method<PolicyRequest, readonly PolicyReport[]>
  /** A null target asks every deployed script, a null metric means all of the function. */
  why: Method<
    { readonly target: string | null; readonly name: string; readonly metric: string | null },
    readonly Explanation[]
  >
  plan: Method<
    {
      readonly target: string
      /** Also what this window would take. */
      readonly backfill: Window | null
      /** Absolute path of another Startup script, planned with the rights of the target. */
      readonly compare: string | null
    },
    PlanReport
  >
}

export type MethodName = keyof HostMethods

/** A host to talk to, here or behind the socket. `call` rejects with DffError. */
export interface HostClient {
  call<Name extends MethodName>(
    name: Name,
    input: HostMethods[Name]['input'],
    onEvent?: (event: HostEvent) => void,
  ): Promise<HostMethods[Name]['output']>
  close(): Promise<void>
}

/** The implementation side of the same table. */
export type HostHandlers = {
  readonly [Name in MethodName]: (
    input: HostMethods[Name]['input'],
    onEvent: (event: HostEvent) => void,
    signal: AbortSignal,
  ) => Promise<HostMethods[Name]['output']>
}
