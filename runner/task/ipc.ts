/**
 * What the host and a task process say to each other, framed as frame.ts says. The child is not trusted: the host
 * checks each message's shape before it acts.
 */
import type { CostPlan } from '../../core/cost-plan.ts'
import type { Json } from '../../core/json.ts'
import type {
  Access,
  AccountSession,
  Check,
  Expectation,
  Explanation,
  Prediction,
  Problem,
  Question,
  SinkTraits,
  Usage,
} from '../../core/script.ts'
import type { Window } from '../../core/window.ts'
import type { Account } from '../../core/schema-types.generated.ts'
import type { EpochMs } from '../../core/time.ts'
import type { ErrorParts } from '../../core/error.ts'
import type { ApiFunctionInfo, TaskResources } from '../host-api.ts'
import type { EncodedBatch } from '../store/outbox-store.ts'

/** A return value is a summary for the record, which lists are made of; what is larger is data and belongs in a commit. */
export const MAX_RETURN_CHARS: number = 256 * 1024

/** `inspect` loads the Startup script and reports its API functions; the others also call one of them. */
export type TaskMode = 'inspect' | 'run' | 'expected' | 'doctor' | 'explain' | 'plan' | 'access'

export interface StartMessage {
  readonly kind: 'start'
  readonly mode: TaskMode
  readonly taskId: string
  /** `startup__guance_aws_lambda` */
  readonly scriptId: string
  readonly scriptPath: string
  /** Export to call; empty for inspect. */
  readonly exportName: string
  readonly triggerTimeMs: EpochMs
  readonly isDebug: boolean
  readonly concurrency: number
  /** Every connector that is set, by id: which one counts is known once the script has loaded. */
  readonly sinks: Readonly<Record<string, SinkTraits>>
  readonly backfill: Window | null
  /** For mode explain. */
  readonly question: Question | null
  /** For mode plan: time between two polls. */
  readonly intervalMs: number | null
  /** Set id → directory of its installed generation. */
  readonly sets: Readonly<Record<string, string>>
}

export type RequestBody =
  | { readonly kind: 'credentials'; readonly account: Account; readonly refusedKeyId?: string }
  | { readonly kind: 'load'; readonly key: string }
  | {
      readonly kind: 'commit'
      readonly batches: readonly EncodedBatch[]
      readonly state: Readonly<Record<string, Json>>
    }

export interface Request {
  readonly kind: 'request'
  readonly requestId: number
  readonly body: RequestBody
}

export type ReplyValue = AccountSession | Json | undefined

export type Reply =
  | { readonly kind: 'reply'; readonly requestId: number; readonly ok: true; readonly value: ReplyValue }
  | { readonly kind: 'reply'; readonly requestId: number; readonly ok: false; readonly error: ErrorParts }

/** What a mode answers with. */
export type TaskValue =
  | { readonly mode: 'inspect' }
  | { readonly mode: 'run'; readonly returnValue: Json }
  | { readonly mode: 'expected'; readonly expectation: Expectation }
  | { readonly mode: 'doctor'; readonly checks: readonly Check[] }
  | { readonly mode: 'explain'; readonly explanations: readonly Explanation[] }
  /** `isPlanned` is false of a script that cannot say what it will ask for. */
  | { readonly mode: 'plan'; readonly plan: CostPlan; readonly isPlanned: boolean }
  | { readonly mode: 'access'; readonly access: readonly Access[] }

export type ChildMessage =
  | Request
  /** Sent once the Startup script has loaded; carries the deadline the script asks for. */
  | { readonly kind: 'loaded'; readonly functions: readonly ApiFunctionInfo[] }
  | { readonly kind: 'problem'; readonly problem: Problem }
  | { readonly kind: 'usage'; readonly usage: Usage }
  | { readonly kind: 'predicted'; readonly prediction: Prediction }
  /** Just before the last message of a script that had loaded. */
  | { readonly kind: 'resources'; readonly resources: TaskResources }
  | { readonly kind: 'done'; readonly value: TaskValue }
  | {
      readonly kind: 'failed'
      readonly error: ErrorParts
      readonly exceptionType: string
      readonly stack: string
    }

export type HostMessage = StartMessage | Reply | { readonly kind: 'abort' }
