import { onTestFinished, vi } from 'vitest'
import type { Account } from '../../core/dff.ts'
import { type Broker, type BrokerOptions, createBroker } from '../../runner/credentials/broker.ts'
import type { SimulatorOptions } from '../../simulator/options.ts'
import { type RunningSimulator, startSimulator } from '../../simulator/server.ts'
import { makeRun, type TestRun, type TestRunOptions, type TestStore } from './run-context.ts'

/** A simulated AWS whose accounts are reached as a host reaches them: through its broker, with keys of the first one. */
export interface BrokeredAws {
  readonly simulator: RunningSimulator
  readonly broker: Broker
  /** The account block of these keys. */
  readonly keys: Account
  /** That of the role that an account lets them assume. */
  readonly roleOf: (accountId: string) => Account
}

/** Ends with the test. SDK clients reach it by AWS_ENDPOINT_URL. */
export async function startBrokeredAws(
  options: Partial<SimulatorOptions>,
  { now }: Pick<BrokerOptions, 'now'> = {},
): Promise<BrokeredAws> {
  const simulator = await startSimulator({ latencyMs: 0, ...options })
  onTestFinished(() => simulator.close())
  vi.stubEnv('AWS_ENDPOINT_URL', simulator.url)
  onTestFinished(() => void vi.unstubAllEnvs())
  const [user] = simulator.info.accounts
  if (user === undefined) throw new Error('the simulator has no account')
  const broker = createBroker({
    readSecret: async () => user.secretAccessKey,
    usesAws: async () => true,
    env: { AWS_ENDPOINT_URL: simulator.url },
    ...(now === undefined ? {} : { now }),
  })
  onTestFinished(() => broker.close())
  const keys: Account = { ak_id: user.accessKeyId, ak_secret: { $secret: 'a.b' } }
  const roleOf = (accountId: string): Account => ({
    ...keys,
    assume_role_arn: `arn:aws:iam::${accountId}:role/guance-collector`,
    external_id: simulator.info.externalId,
  })
  return { simulator, broker, keys, roleOf }
}

/** One run over a store, whose sessions come from a broker. */
export function brokeredRun(
  store: TestStore,
  broker: Broker,
  options: Omit<TestRunOptions, 'session'>,
): TestRun {
  return makeRun(store, { ...options, session: async (...asked) => broker.session('startup__a', ...asked) })
}
