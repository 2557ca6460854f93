import { DffError } from '../core/error.ts'
import type { Question } from '../core/script.ts'
import { readConcurrency } from './concurrency.ts'
import { answerContext, listSecrets } from './execute.ts'
import type { ApiFunctionInfo } from './host-api.ts'
import type { HostParts } from './host-parts.ts'
import { readSinks } from './route.ts'
import { answerRequest } from './task-answers.ts'
import type { TaskScope } from './task-scope.ts'
import { checkScriptPlace } from './task/startup-files.ts'
import type { TaskMode, TaskValue } from './task/ipc.ts'
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
  readonly signal: AbortSignal
}

export interface Asked {
  readonly functions: readonly ApiFunctionInfo[]
  readonly value: TaskValue
}

/** Loads a Startup script in a task process and asks it something: no lease, no record, nothing written. Rejects with what kept it from answering. */
export async function askScript(parts: HostParts, scope: TaskScope, request: AskRequest): Promise<Asked> {
  checkScriptPlace(request.scriptPath ?? scope.scriptPath)
  // Without a lease nothing is written, to no connector.
  const context = answerContext(parts, scope.scriptId, { connectorId: () => '', lease: null })
  const outcome = await runChild({
    start: {
      mode: request.mode,
      taskId: `${request.mode}-${scope.setId}`,
      scriptId: scope.scriptId,
      scriptPath: request.scriptPath ?? scope.scriptPath,
      exportName: request.exportName ?? '',
      triggerTimeMs: Date.now(),
      isDebug: true,
      concurrency: readConcurrency().requests,
      sinks: await readSinks(parts),
      backfill: null,
      question: request.question ?? null,
      sets: scope.sets,
    },
    signal: request.signal,
    secretsInUse: await listSecrets(parts),
    onRequest: (body) => answerRequest(context, body),
    onProblem: () => undefined,
    onUsage: () => undefined,
    onLines: () => undefined,
  })
  if (outcome.kind !== 'done') throw new DffError(outcome.error)
  return { functions: outcome.functions, value: outcome.value }
}
