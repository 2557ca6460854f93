import { DffError } from '../core/error.ts'
import type { AccountSession } from '../core/script.ts'
import type { Account } from '../core/schema-types.generated.ts'
import type { CommitResult, Lease, Store } from './store/store.ts'
import { outboxFull } from './outbox/pressure.ts'
import type { TaskUsage } from './task-usage.ts'
import type { ReplyValue, RequestBody } from './task/ipc.ts'

/** What a task may ask of the host, bound to its script. */
export interface AnswerContext {
  readonly store: Store
  readonly scriptId: string
  /** Known once the script has loaded, which is before it can commit. */
  readonly connectorId: () => string
  /** null for a task that may not write: debug, inspect, doctor, expected. */
  readonly lease: Lease | null
  /** Counted with each commit. */
  readonly usage: TaskUsage
  readonly credentials: (account: Account, refusedKeyId: string | undefined) => Promise<AccountSession>
  /** Something was committed: the sender has work. */
  readonly onCommitted: () => void
}

function stateFull(stateBytes: number, maxBytes: number): DffError {
  return new DffError({
    code: 'STATE_FULL',
    place: 'state',
    expected: `at most ${maxBytes} bytes that a Startup script keeps between its runs`,
    got: `${stateBytes} bytes`,
    remedy: 'Nothing of this slice was written. Collect fewer accounts and regions in one Startup script.',
  })
}

function leaseLost(lease: Lease | null): DffError {
  return new DffError({
    code: 'LEASE_LOST',
    place: `task ${lease?.taskId ?? ''}`,
    expected: "the lease of the task's function",
    got: 'another task that holds it',
    remedy: 'Nothing of this slice was written; the other task collects it.',
  })
}

function refusal(result: Exclude<CommitResult, { kind: 'committed' }>, context: AnswerContext): DffError {
  switch (result.kind) {
    case 'lease-lost':
      return leaseLost(context.lease)
    case 'outbox-full':
      return outboxFull(context.connectorId(), result, 'Nothing of this slice was written.')
    case 'state-full':
      return stateFull(result.stateBytes, result.maxBytes)
    default:
      return result satisfies never
  }
}

async function commit(
  context: AnswerContext,
  body: Extract<RequestBody, { kind: 'commit' }>,
): Promise<undefined> {
  // A debug run collects and writes nothing; its child does not ask, and this holds if one does.
  if (context.lease === null) return
  const usage = context.usage.takeUncounted()
  const result = await context.store
    .commit({
      lease: context.lease,
      nowMs: Date.now(),
      scriptId: context.scriptId,
      connectorId: context.connectorId(),
      batches: body.batches,
      state: body.state,
      usage,
    })
    .catch((error: unknown) => {
      context.usage.giveBack(usage)
      throw error
    })
  if (result.kind !== 'committed') {
    context.usage.giveBack(usage)
    throw refusal(result, context)
  }
  if (body.batches.length > 0) context.onCommitted()
}

/** Answers one request of a task; rejects with the DffError that the task's own await then throws. */
export async function answerRequest(context: AnswerContext, body: RequestBody): Promise<ReplyValue> {
  switch (body.kind) {
    case 'credentials':
      return context.credentials(body.account, body.refusedKeyId)
    case 'load':
      // Who only looks on keeps nothing from being forgotten.
      return context.store.state.load(
        context.scriptId,
        body.key,
        context.lease === null ? undefined : Date.now(),
      )
    case 'commit':
      return commit(context, body)
    default:
      throw new TypeError(`no such request: ${String(body satisfies never)}`)
  }
}
