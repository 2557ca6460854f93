import { afterEach, describe, expect, it } from 'vitest'
import type { Account, CollectorConfigs } from '../../core/dff.ts'
import { makePolicyReports } from '../../runner/policy/policy-report.ts'
import { LambdaCollector } from '../../scripts/guance_aws_lambda/main.ts'
import { Runner } from '../../scripts/guance_integration/main.ts'
import { control, keysAccount, openBroker, simulator, user } from '../runner/credentials/open-broker.ts'
import { NO_WAIT } from './aws-fixture.ts'
import { brokeredRun } from './brokered-aws.ts'
import { makeRun, makeStore, type TestRun } from './run-context.ts'

const CONFIGS: CollectorConfigs = { regions: ['us-east-1'] }

afterEach(async () => control('iam', {}))

/** The role of the simulator's first account, with the external id that it asks for. */
function roleAccount(more: Partial<Account> = {}): Account {
  const { roleArn, externalId } = simulator.info
  return keysAccount({ assume_role_arn: roleArn, external_id: externalId, ...more })
}

function runNow(): TestRun {
  process.env['AWS_ENDPOINT_URL'] = simulator.url
  return brokeredRun(makeStore(), openBroker(), { triggerTimeMs: Date.now() })
}

async function examine(account: Account) {
  const script = Runner(LambdaCollector(account, CONFIGS, { backoff: NO_WAIT }))
  return (await script.doctor?.(runNow())) ?? []
}

describe('a role', () => {
  it('that asks for its external id is well, and one that does not is named with the remedy', async () => {
    const id = `external-id@${roleAccount().assume_role_arn}`
    expect((await examine(roleAccount())).find((check) => check.id === id)).toMatchObject({ status: 'ok' })
    await control('iam', { externalId: null })
    const open = (await examine(roleAccount())).find((check) => check.id === id)
    expect(open).toMatchObject({
      status: 'failed',
      detail: expect.stringContaining('can be assumed without it') as string,
      remedy: expect.stringContaining('sts:ExternalId') as string,
    })
  })

  it('with another external id is a failed check of the account, with what to do', async () => {
    const [check, ...others] = await examine(roleAccount({ external_id: 'another' }))
    expect(others).toEqual([])
    expect(check).toMatchObject({
      id: 'credentials@AWS-Lambda',
      status: 'failed',
      detail: expect.stringContaining('expected a role that this identity may assume') as string,
      remedy: expect.stringContaining('with the external id that stands in external_id') as string,
    })
  })

  it('is printed with who assumes it, and its policies are enough and the least for that', async () => {
    const collector = LambdaCollector(roleAccount(), CONFIGS, { backoff: NO_WAIT })
    const access = (await Runner(collector).access?.(runNow())) ?? []
    const [report] = makePolicyReports(access, null)
    const { accountId } = user()
    expect(report?.trust?.Statement[0]).toMatchObject({
      Principal: { AWS: `arn:aws:iam::${accountId}:user/collector` },
      Condition: { StringEquals: { 'sts:ExternalId': roleAccount().external_id } },
    })
    await control('iam', { user: report?.assume, role: report?.policy })
    expect((await examine(roleAccount())).filter(({ status }) => status !== 'ok')).toEqual([])
    await control('iam', { user: { Version: '2012-10-17', Statement: [] }, role: report?.policy })
    expect(await examine(roleAccount())).toMatchObject([{ id: 'credentials@AWS-Lambda', status: 'failed' }])
  })

  it('is printed without its trust policy where AWS cannot be asked', async () => {
    const collector = LambdaCollector(roleAccount(), CONFIGS, { backoff: NO_WAIT })
    const run = makeRun(makeStore(), {
      triggerTimeMs: 0,
      session: async () => Promise.reject(new Error('no network')),
    })
    const [report] = makePolicyReports((await Runner(collector).access?.(run)) ?? [], null)
    expect(report?.trust).toBeNull()
    expect(report?.assume?.Statement[0]?.Resource).toBe(roleAccount().assume_role_arn)
  })
})

describe('an account', () => {
  it('whose key is not known is one failed check with what to do', async () => {
    const [check] = await examine({ ...keysAccount(), ak_id: 'AKIAIOSFODNN7EXAMPLE' })
    expect(check).toMatchObject({
      status: 'failed',
      detail: expect.stringContaining('expected a key that AWS knows') as string,
      remedy: expect.stringContaining('mistyped, deleted or inactive') as string,
    })
  })

  it('is named by its key, or as the host’s own', async () => {
    const script = (account: Account) => Runner(LambdaCollector(account, CONFIGS, { backoff: NO_WAIT }))
    const [byKey] = (await script(keysAccount()).access?.(runNow())) ?? []
    const [byChain] = (await script({}).access?.(runNow())) ?? []
    expect([byKey?.title, byChain?.title]).toEqual([
      `key ${user().accessKeyId}`,
      "the host's own credentials",
    ])
    expect(JSON.stringify([byKey, byChain])).not.toContain(user().secretAccessKey)
  })
})
