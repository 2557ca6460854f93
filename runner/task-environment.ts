/** What a task process is given from outside its script, whether it runs or is asked. */
import type { HostParts } from './host-parts.ts'
import type { AnswerContext } from './task-answers.ts'

/** Every value that a log must not show: the stored ones as of now, and what the broker got since. */
export async function listSecrets(parts: HostParts): Promise<() => readonly string[]> {
  const stored = await parts.vault.values()
  return () => [...stored, ...parts.broker.secretsInUse()]
}

/** What the process may ask of the host. */
export function answerContext(
  parts: HostParts,
  scriptId: string,
  target: Pick<AnswerContext, 'connectorId' | 'lease' | 'usage'>,
): AnswerContext {
  return {
    ...target,
    store: parts.store,
    scriptId,
    credentials: (account, refusedKeyId) => parts.broker.session(scriptId, account, refusedKeyId),
    onCommitted: () => parts.sender.wake(),
  }
}
