import { afterEach, describe, expect, it, vi } from 'vitest'
import { ListMetricsCommand } from '@aws-sdk/client-cloudwatch'
import { openAccount, SINGLE_ATTEMPT } from '../../../scripts/guance_integration/main.ts'
import { makeRun, makeStore, SESSION } from '../run-context.ts'
import { type ScriptedCloudwatch, startScriptedCloudwatch } from '../scripted-cloudwatch.ts'

let proxy: ScriptedCloudwatch | undefined
afterEach(async () => {
  vi.unstubAllEnvs()
  await proxy?.close()
})

describe('the clients of a region', () => {
  it('call AWS through the proxy that the environment names', async () => {
    proxy = await startScriptedCloudwatch([{ Metrics: [] }])
    vi.stubEnv('http_proxy', process.env['AWS_ENDPOINT_URL'])
    vi.stubEnv('AWS_ENDPOINT_URL', 'http://monitoring.invalid')
    const context = makeRun(makeStore(), { triggerTimeMs: 0, session: SESSION })
    const region = (await openAccount(context, {}, SINGLE_ATTEMPT)).region('us-east-1')
    const client = await region.cloudwatch()
    await region.call('cloudwatch:ListMetrics', async (abortSignal) =>
      client.send(new ListMetricsCommand({}), { abortSignal }),
    )
    expect(proxy.asked).toMatchObject([{ target: 'ListMetrics' }])
  })
})
