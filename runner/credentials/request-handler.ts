import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'

/** Without these a request that hangs hangs for ever: the SDK sets none (aws.md §6.6). */
const CONNECT_TIMEOUT_MS = 5_000
const REQUEST_TIMEOUT_MS = 30_000

/** How clients of the SDK send: in bounded time, and through the proxy of the environment; the SDK's own agents know none. */
export function requestHandlerOf(env: NodeJS.ProcessEnv) {
  return {
    connectionTimeout: CONNECT_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    throwOnRequestTimeout: true,
    // Node's agents know proxies from 22.21 and 24.5 on.
    httpAgent: new HttpAgent({ proxyEnv: env }),
    httpsAgent: new HttpsAgent({ proxyEnv: env }),
  }
}
