import { afterEach, describe, expect, it } from 'vitest'
import { collectObjects } from '../../../scripts/guance_aws_lambda/region-objects.ts'
import { loadInventory, openAccount, SINGLE_ATTEMPT } from '../../../scripts/guance_integration/main.ts'
import { makeRun, makeStore } from '../run-context.ts'
import { type ScriptedCloudwatch, startScriptedCloudwatch } from '../scripted-cloudwatch.ts'

const SESSION = {
  accountId: '123456789012',
  arn: 'arn:aws:iam::123456789012:user/a',
  partition: 'aws',
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'not-a-real-key',
}
const KEY = { objectClass: 'aws_lambda', accountId: SESSION.accountId, region: 'us-east-1' }
const MAPPINGS = [{ UUID: 'u-1', FunctionArn: 'arn:aws:lambda:us-east-1:123456789012:function:orders:live' }]

let server: ScriptedCloudwatch | undefined
afterEach(async () => server?.close())

describe('the inventory', () => {
  it('keeps the event source mappings listed before when they cannot be listed', async () => {
    let isDenied = false
    server = await startScriptedCloudwatch(({ target }) => {
      if (!target.includes('event-source-mappings')) return { Functions: [] }
      if (isDenied) throw new Error('not now')
      return { EventSourceMappings: MAPPINGS }
    })
    const store = makeStore()
    const collect = async () => {
      const context = makeRun(store, { triggerTimeMs: 0, session: SESSION })
      const account = await openAccount(context, {}, SINGLE_ATTEMPT)
      await collectObjects({ context, account, cloudProvider: 'aws' }, account.region('us-east-1'))
      return { context, inventory: await loadInventory(context, KEY) }
    }
    expect((await collect()).inventory?.aliases).toEqual({ 'u-1': 'orders' })
    isDenied = true
    const { context, inventory } = await collect()
    expect(inventory?.aliases).toEqual({ 'u-1': 'orders' })
    expect(context.lines.join('\n')).toContain('event source mappings cannot be listed, 1 stay known')
  })

  it('remembers since when a function exists, by its oldest version, and a deleted one as it was', async () => {
    const version = (name: string, Version: string, LastModified: string) => ({
      FunctionName: name,
      Version,
      LastModified,
    })
    let functions = [
      version('f', '$LATEST', '2026-11-20T10:00:00.000+0000'),
      version('f', '1', '2026-11-01T10:00:00.000+0000'),
      version('g', '$LATEST', '2026-11-02T10:00:00.000+0000'),
    ]
    server = await startScriptedCloudwatch(({ target }) =>
      target.includes('event-source-mappings') ? { EventSourceMappings: [] } : { Functions: functions },
    )
    const store = makeStore()
    const collectAt = async (triggerTimeMs: number) => {
      const context = makeRun(store, { triggerTimeMs, session: SESSION })
      const account = await openAccount(context, {}, SINGLE_ATTEMPT)
      await collectObjects({ context, account, cloudProvider: 'aws' }, account.region('us-east-1'))
      return loadInventory(context, KEY)
    }
    const firstMs = Date.parse('2026-11-23T12:00:00Z')
    expect((await collectAt(firstMs))?.entries.map(({ name, sinceMs }) => [name, sinceMs])).toEqual([
      ['f', Date.parse('2026-11-01T10:00:00Z')],
      ['g', Date.parse('2026-11-02T10:00:00Z')],
    ])
    functions = functions.slice(0, 2)
    expect((await collectAt(firstMs + 300_000))?.gone).toEqual([
      {
        name: 'g',
        tags: { Version: '$LATEST' },
        sinceMs: Date.parse('2026-11-02T10:00:00Z'),
        untilMs: firstMs,
      },
    ])
  })
})
