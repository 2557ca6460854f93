import { testConnector } from '../connector/probe.ts'
import type { HostHandlers } from '../host-api.ts'
import type { HostParts } from '../host-parts.ts'

/** Where data goes. */
export function makeConnectorHandlers(
  parts: HostParts,
): Pick<HostHandlers, 'connector.set' | 'connector.list' | 'connector.test'> {
  const { connectors, vault, paths, sender } = parts
  return {
    'connector.set': async ({ id, config, token }) => {
      const row = await connectors.set(id, config, token)
      sender.reload()
      return row
    },
    'connector.list': () => connectors.list(),
    'connector.test': async ({ id }) =>
      testConnector(await connectors.resolve(id), { vault, output: paths.output }),
  }
}
