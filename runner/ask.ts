/** A question to a Startup script, asked in a task process: no lease, no record, nothing written. */
import { DffError } from '../core/error.ts'
import type { Problem, Question, Usage } from '../core/script.ts'
import type { EpochMs } from '../core/time.ts'
import type { Window } from '../core/window.ts'
import { readConcurrency } from './concurrency.ts'
import type { ApiFunctionInfo } from './host-api.ts'
import type { HostParts } from './host-parts.ts'
import { answerRequest } from './task-answers.ts'
import { readSinks } from './route.ts'
import { answerContext, listSecrets } from './task-environment.ts'
import type { TaskScope } from './task-scope.ts'
import { TaskUsage } from './task-usage.ts'
import { checkScriptPlace } from './task/startup-files.ts'
import type { StartMessage, TaskMode, TaskValue } from './task/ipc.ts'
import { runChild } from './task/run-child.ts'

export interface AskRequest {
  readonly mode: Exclude<TaskMode, 'run'>
  readonly scriptId: string
  /** Another text than the deployed one: deploy asks before it publishes. */
  readonly scriptPath?: string
  /** Empty for inspect, which calls nothing. */
  readonly exportName?: string
  /** For explain. */
  readonly question?: Question
  /** For plan: time between two polls. */
  readonly intervalMs?: number
  /** For plan: as of when; default now. */
  readonly atMs?: EpochMs
  /** For plan: also what this window would take. */
  readonly backfill?: Window
  readonly signal: AbortSignal
}

export interface Asked {
  readonly functions: readonly ApiFunctionInfo[]
  readonly value: TaskValue
  /** What it asked of AWS to answer. */
  readonly usage: readonly Usage[]
  readonly problems: readonly Problem[]
}

async function startOf(
  parts: HostParts,
  scope: TaskScope,
  request: AskRequest,
): Promise<Omit<StartMessage, 'kind'>> {
  return {
    mode: request.mode,
    taskId: `${request.mode}-${scope.setId}`,
    scriptId: scope.scriptId,
    scriptPath: request.scriptPath ?? scope.scriptPath,
    exportName: request.exportName ?? '',
    triggerTimeMs: request.atMs ?? Date.now(),
    isDebug: true,
    concurrency: readConcurrency().requests,
    sinks: await readSinks(parts),
    backfill: request.backfill ?? null,
    question: request.question ?? null,
    intervalMs: request.intervalMs ?? null,
    sets: scope.sets,
  }
}

/** Loads a Startup script and asks it something; what that took of AWS is metered. Rejects with what kept it from answering. */
export async function askScript(parts: HostParts, scope: TaskScope, request: AskRequest): Promise<Asked> {
  checkScriptPlace(request.scriptPath ?? scope.scriptPath)
  const usage = new TaskUsage()
  const problems: Problem[] = []
  // Without a lease nothing is written, to no connector.
  const context = answerContext(parts, scope.scriptId, { connectorId: () => '', lease: null, usage })
  const outcome = await runChild({
    start: await startOf(parts, scope, request),
    signal: request.signal,
    secretsInUse: await listSecrets(parts),
    onRequest: (body) => answerRequest(context, body),
    onProblem: (problem) => problems.push(problem),
    onUsage: (used) => usage.meter(used),
    onLines: () => undefined,
  })
  await parts.store.usage.add(usage.all, Date.now())
  if (outcome.kind !== 'done') throw new DffError(outcome.error)
  return { functions: outcome.functions, value: outcome.value, usage: usage.all, problems }
}
