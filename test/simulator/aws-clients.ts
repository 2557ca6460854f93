import { AccountClient } from '@aws-sdk/client-account'
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch'
import { LambdaClient } from '@aws-sdk/client-lambda'
import { STSClient } from '@aws-sdk/client-sts'
import type { RunningSimulator } from '../../simulator/server.ts'

export interface Keys {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

/** Real SDK clients that speak to a simulator, one attempt each, so that a test sees every answer. */
export function makeClients(simulator: RunningSimulator, region = 'us-east-1', keys?: Keys) {
  const credentials = keys ?? keysOf(simulator)
  const config = { endpoint: simulator.url, region, credentials, maxAttempts: 1 }
  return {
    cloudwatch: new CloudWatchClient(config),
    lambda: new LambdaClient(config),
    sts: new STSClient(config),
    account: new AccountClient(config),
  }
}

/** The keys of the first account. */
export function keysOf(simulator: RunningSimulator): Keys {
  const [account] = simulator.info.accounts
  if (!account) throw new Error('a simulator without accounts')
  return account
}

/** Calls the control API; a body makes it a POST. Fails on anything but 200. */
export async function control<T>(simulator: RunningSimulator, path: string, body?: object): Promise<T> {
  const init = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }
  const response = await fetch(`${simulator.url}/control/${path}`, init)
  const text = await response.text()
  if (response.status !== 200) throw new Error(`${path}: ${response.status} ${text}`)
  return JSON.parse(text) as T
}
