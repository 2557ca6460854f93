import { testConnector } from '../connector/probe.ts'
import { testRewrite } from '../connector/rewrite-test.ts'
import type { ConnectorTestReport, HostHandlers, HostMethods } from '../host-api.ts'
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

/** Where data goes. */
export function makeConnectorHandlers(
  parts: HostParts,
): Pick<HostHandlers, 'connector.set' | 'connector.list' | 'connector.test'> {
  const { connectors, sender } = parts
  return {
    'connector.set': async ({ id, config, token }) => {
      const row = await connectors.set(id, config, token)
      sender.reload()
      return row
    },
    'connector.list': () => connectors.list(),
    'connector.test': (input, _onEvent, signal) => examineConnector(parts, input, signal),
  }
}
