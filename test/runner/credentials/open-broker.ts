import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeAll, expect, onTestFinished, vi } from 'vitest'
import { DffError } from '../../../core/error.ts'
import type { Account } from '../../../core/schema-types.generated.ts'
import { type Broker, type BrokerOptions, createBroker } from '../../../runner/credentials/broker.ts'
import { DEFAULT_OPTIONS } from '../../../simulator/options.ts'
import { type RunningSimulator, startSimulator } from '../../../simulator/server.ts'

const SECRET = 'set_a.ak_secret'

/** Started once for each test file that imports this. */
export let simulator: RunningSimulator
beforeAll(async () => {
  simulator = await startSimulator({ ...DEFAULT_OPTIONS, functions: 1, latencyMs: 0 })
  return () => simulator.close()
})

afterEach(async () => {
  await control('denials', { actions: [] })
  await control('faults', { clear: true })
})

export async function control(path: string, body: object): Promise<void> {
  const response = await fetch(`${simulator.url}/control/${path}`, {
    method: 'POST',
    body: JSON.stringify(body),
  })
  if (!response.ok) throw new Error(`control ${path}: ${response.status} ${await response.text()}`)
}

export async function countRequests(): Promise<Readonly<Record<string, number>>> {
  const response = await fetch(`${simulator.url}/control/counters`)
  return ((await response.json()) as { requests: Record<string, number> }).requests
}

/** The simulator's first user, as it stands in an account block. */
export function user(): {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly accountId: string
} {
  const first = simulator.info.accounts[0]
  if (first === undefined) throw new Error('the simulator has no account')
  return first
}

export function keysAccount(more: Partial<Account> = {}): Account {
  return { ak_id: user().accessKeyId, ak_secret: { $secret: SECRET }, ...more }
}

export function openBroker(options: Partial<BrokerOptions> = {}): Broker {
  const broker = createBroker({
    readSecret: async () => user().secretAccessKey,
    usesAws: async () => true,
    env: { AWS_ENDPOINT_URL: simulator.url },
    ...options,
  })
  onTestFinished(() => broker.close())
  return broker
}

/**
 * Stops the clock of this process, which is the simulator's and the SDK's as well, for the length of a test; what it shows.
 * Sessions end at whole seconds of AWS's clock: a running one would decide into which minute that falls.
 */
export function stopClock(): number {
  const nowMs = Date.parse('2026-06-01T12:00:00Z')
  vi.useFakeTimers({ toFake: ['Date'], now: nowMs })
  onTestFinished(() => void vi.useRealTimers())
  return nowMs
}

/** Starts a server that ends with the test; its URL. */
export async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  onTestFinished(() => void server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

export async function refusal(attempt: Promise<unknown>): Promise<DffError> {
  const thrown: unknown = await attempt.then(
    () => undefined,
    (error: unknown) => error,
  )
  if (!(thrown instanceof DffError)) throw new Error(`expected a DffError, got ${String(thrown)}`)
  expect(thrown.message).not.toContain(user().secretAccessKey)
  return thrown
}
