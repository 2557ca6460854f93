/**
 * Words of this contract (docs/glossary.md has the rest).
 *
 * script set  what is installed; its folder name is its id
 * Startup     the user's filled-in starter, `startup/<set>.ts`, script id `startup__<set>`
 * API function  an export made by `DFF.API`; id `startup__<set>.run`
 * trigger     the rule that starts runs; a run is a task; what is kept of it is its task record and log
 * slice       points together with the state they stand for: committed whole or not at all
 */
import type { CostPlan, PlanQuestion } from './cost-plan.ts'
import type { Json } from './json.ts'
import type { Point } from './point.ts'
import type { Account } from './schema-types.generated.ts'
import type { EpochMs } from './time.ts'
import type { Window } from './window.ts'

/** Something a task could not do although it went on; the record shows it by name. */
export interface Problem {
  /** Stable and short, e.g. `forbidden`, `region-denied`, `throttled`. */
  readonly code: string
  readonly severity: 'warning' | 'error'
  /** Where: `123456789012/us-east-1/AWS/Lambda`. */
  readonly scope: string
  readonly message: string
  /** The IAM action that is missing, when that is the cause. */
  readonly action?: string
}

/** Points and the state they stand for. `state` values of null delete the key. */
export interface Slice {
  readonly points: readonly Point[]
  readonly state: Readonly<Record<string, Json>>
}

/** One kind of AWS call made by a task; `billedMetrics` is Σ⌈statistics/5⌉ over the metrics asked for (aws.md §1.4). */
export interface Usage {
  readonly api: string
  readonly requests: number
  readonly billedMetrics: number
  /** Whose bill it is on, and where: without them it has no price. */
  readonly accountId?: string
  readonly region?: string
}

/** What a task is about to ask for: every request once, without the retries and further pages that `Usage` has too. */
export interface Prediction extends Usage {
  /** Why it is asked, as `dff plan` names it. */
  readonly rule: string
}

/** Credentials for one account, temporary wherever STS gives them. */
export interface AccountSession {
  readonly accountId: string
  readonly arn: string
  readonly partition: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
  readonly expiresAtMs?: EpochMs
  /** What the host writes into the log: the task works with long-lived keys because STS gave no others. */
  readonly note?: string
  /** What the record should warn of: it could not be renewed. */
  readonly warning?: string
}

/**
 * What the store behind the connector does with the same series and timestamp written twice, which decides how early a
 * value may go out; and how old a point it takes.
 */
export interface SinkTraits {
  /** last: the newer value counts. max: the larger. both: both are kept, and sums double. unknown: nobody knows, so nothing is written twice. */
  readonly rewrite: 'last' | 'max' | 'both' | 'unknown'
  /** Whether a second line for the same minute adds its fields to the first instead of replacing it. */
  readonly mergesFields: boolean
  /** How many hours back it takes points; left out where it takes points of whatever age. */
  readonly retentionHours?: number
  /** Tells one store from another, so that what one was given is not taken for what the next one holds; left out where nobody knows. */
  readonly store?: string
}

/** What the host gives a running script. Every await inside a script ends when `signal` aborts. */
export interface RunContext {
  readonly taskId: string
  /** The scheduled time of the tick, or the time of the Execute; windows start from it, never from "now". */
  readonly triggerTimeMs: EpochMs
  /** Collect and write nothing. */
  readonly debug: boolean
  readonly signal: AbortSignal
  /** The host ends the task so many milliseconds after it called the function. */
  readonly timeoutMs: number
  /** Milliseconds since the function was called, by a clock that nobody sets: what can wait must not hold up the next tick. */
  elapsedMs(): number
  /** Requests in flight per account and region: `COLLECTOR_THREAD_POOL_SIZE`, default 5 as upstream. */
  readonly concurrency: number
  readonly sink: SinkTraits
  /** Asked for by hand (`dff exec --backfill FROM..TO`): collect this window again instead of what is due. */
  readonly backfill?: Window
  log(text: string): void
  report(problem: Problem): void
  meter(usage: Usage): void
  /** Said before the requests are sent, so that the record can compare. */
  predict(prediction: Prediction): void
  /** Others than `refusedKeyId`, where AWS has refused those before their end. */
  credentials(account: Account, refusedKeyId?: string): Promise<AccountSession>
  /** State of this Startup script, as of the last acknowledged commit. */
  load(key: string): Promise<Json | undefined>
  /** Resolves once the slice is durable; rejects (OUTBOX_FULL, STATE_FULL, LEASE_LOST) with nothing written. */
  commit(slice: Slice): Promise<void>
}

/** The objects of one measurement. No names: none is known although there may be some, and `whenNone` says the likely cause. */
interface ExpectedObjects {
  readonly measurement: string
  readonly names: readonly string[]
  readonly whenNone?: string
}

/** What a Startup script is expected to have delivered, so that `dff verify` can look for it. */
export interface Expectation {
  readonly objects: readonly ExpectedObjects[]
  readonly metrics: readonly { readonly measurement: string; readonly fields: readonly string[] }[]
  /** Sources of logs of which there must be lines; left out by a script without any. */
  readonly logs?: readonly { readonly measurement: string }[]
}

/** One line of `dff doctor` and `dff verify`. */
export interface Check {
  readonly id: string
  readonly status: 'ok' | 'warning' | 'failed'
  readonly title: string
  readonly detail: string
  readonly remedy?: string
}

/** Which series `dff why` asks about; a metric left out means all of the function. */
export interface Question {
  readonly name: string
  readonly metric?: string
}

/** One series explained: facts by label, in the order in which they are to be read. */
export interface Explanation {
  readonly title: string
  readonly facts: readonly { readonly label: string; readonly value: string }[]
}

/** One IAM action that a script calls at AWS. */
export interface AccessAction {
  readonly action: string
  /** What a policy can limit it to: `function` and `log-group` to those of the account, `account` to nothing. */
  readonly on: 'account' | 'function' | 'log-group'
  /** ARNs besides those of the account, as IAM takes them: log groups that other accounts share. */
  readonly sharedArns?: readonly string[]
  /** What is missing without it. */
  readonly gives: string
  /** Without it something is collected all the same. */
  readonly isOptional: boolean
}

/** What one account of a script must be allowed at AWS; names and ids alone, never a secret. */
export interface Access {
  /** How the Startup script names the account: its role, its key, or the host's own credentials. */
  readonly title: string
  /** Of the role, or as an earlier run found it. */
  readonly accountId?: string
  readonly roleArn?: string
  readonly externalId?: string
  /** Who assumes the role, where AWS could be asked. */
  readonly principalArn?: string
  readonly regions: readonly string[]
  readonly actions: readonly AccessAction[]
}

/** What `DFF.API` publishes. `expected` and `doctor` run in a task process too: the host never imports a script. */
export interface Script {
  run(context: RunContext): Promise<Json | undefined>
  expected?(context: RunContext): Promise<Expectation>
  doctor?(context: RunContext): Promise<readonly Check[]>
  /** What a policy must allow; of AWS it asks at most who the caller is. */
  access?(context: RunContext): Promise<readonly Access[]>
  /** From state alone: asks AWS nothing. */
  explain?(context: RunContext, question: Question): Promise<readonly Explanation[]>
  /** What its polls will ask for; asks AWS only for what can be listed. `context.backfill` is planned too, as once. */
  plan?(context: RunContext, question: PlanQuestion): Promise<CostPlan>
}
