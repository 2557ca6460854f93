import { DffError } from '../../core/error.ts'
import { DEFAULT_CONNECTOR_ID } from '../connector/connector-id.ts'
import { testConnector } from '../connector/probe.ts'
import { testRewrite } from '../connector/rewrite-test.ts'
import type { ConnectorTestReport } from '../host-report.ts'
import type { HostHandlers, HostMethods } from '../host-api.ts'
import type { HostParts } from '../host-parts.ts'

/** Whether it can be reached, then what the store does with a rewrite, which needs it to be reachable. */
async function examineConnector(
  { connectors, vault, paths: { output } }: HostParts,
  { id, rewrite, save }: HostMethods['connector.test']['input'],
  signal: AbortSignal,
): Promise<ConnectorTestReport> {
  const row = await connectors.resolve(id)
  const report = await testConnector(row, { vault, output })
  const isReached = report.checks.every(({ status }) => status === 'ok')
  if (rewrite !== true || !isReached) return { ...report, found: null, isSaved: false }
  const { check, found } = await testRewrite(row, { output, signal })
  // Of files it is known and not configured.
  const checks = [...report.checks, check]
  if (save !== true || found === null || row.config.type === 'file') {
    return { ...report, checks, found, isSaved: false }
  }
  await connectors.set(id, { ...row.config, ...found }, null)
  return { ...report, checks, found, isSaved: true }
}

function inUse(id: string, expected: string, got: string, remedy: string): DffError {
  return new DffError({ code: 'BAD_PARAMETER', place: `connector ${id}`, expected, got, remedy })
}

/** A connector that something still goes to stays: what waits would never arrive, and what is collected next has nowhere to go. */
async function refuseInUse({ connectors, store }: HostParts, id: string): Promise<void> {
  await connectors.resolve(id)
  const functions = (await store.scripts.list()).flatMap((script) => script.functions)
  const user = functions.find(({ connectorId }) => connectorId === id)
  if (user !== undefined && id !== DEFAULT_CONNECTOR_ID) {
    const remedy = 'Name another one in its Startup script and execute it once, then try again.'
    throw inUse(id, 'a connector that no function names', `one that ${user.funcId} names`, remedy)
  }
  const { waitingBatches, deadBatches } = await store.outbox.backlog(id)
  if (waitingBatches + deadBatches === 0) return
  throw inUse(
    id,
    'a connector that nothing waits for',
    `${waitingBatches} batches that wait and ${deadBatches} dead ones`,
    'Let them be delivered, or drop them with dff outbox drop.',
  )
}

/** Where data goes. */
export function makeConnectorHandlers(
  parts: HostParts,
): Pick<HostHandlers, 'connector.set' | 'connector.list' | 'connector.remove' | 'connector.test'> {
  const { connectors, sender } = parts
  return {
    'connector.set': async ({ id, config, token }) => {
      const row = await connectors.set(id, config, token)
      sender.reload()
      return row
    },
    'connector.list': () => connectors.list(),
    'connector.remove': async ({ id }) => {
      await refuseInUse(parts, id)
      await connectors.remove(id)
      sender.reload()
      return { id }
    },
    'connector.test': (input, _onEvent, signal) => examineConnector(parts, input, signal),
  }
}
