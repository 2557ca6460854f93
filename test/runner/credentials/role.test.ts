import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createExternalIds } from '../../../runner/credentials/external-id.ts'
import { createVault } from '../../../runner/secret/vault.ts'
import { openSqliteStore } from '../../../runner/store/sqlite/open.ts'
import { startBrokeredAws } from '../../scripts/brokered-aws.ts'
import { control, keysAccount, listen, openBroker, refusal, simulator, user } from './open-broker.ts'

const SECOND = '222222222222'

/** A real store that ends with the test. */
async function openStore() {
  const folder = mkdtempSync(join(tmpdir(), 'dff-role-'))
  const store = await openSqliteStore(join(folder, 'host.db'))
  onTestFinished(async () => {
    await store.close()
    rmSync(folder, { recursive: true, force: true })
  })
  return store
}

/** Two accounts; the first one's role asks for no external id. */
async function startTwo() {
  const two = await startBrokeredAws({ functions: 1, accountIds: ['111111111111', SECOND] })
  two.simulator.control('iam', { accountId: '111111111111', externalId: null })
  return { ...two, account: two.roleOf(SECOND), hop: two.simulator.info.roleArn }
}

describe('a role at the end of a chain', () => {
  it('is assumed with the role before it, and only the last one is asked by external id', async () => {
    const { simulator: two, broker, account, hop } = await startTwo()
    const session = await broker.session('startup__a', { ...account, assume_role_chain: [hop] })
    expect(session.accountId).toBe(SECOND)
    const { requests } = two.control('counters') as { requests: Record<string, number> }
    expect(requests['sts:AssumeRole']).toBe(2)
  })

  it('is refused by the name of the role on the way that refused', async () => {
    const { simulator: two, broker, account, hop } = await startTwo()
    two.control('iam', { accountId: '111111111111', externalId: 'asked' })
    const error = await refusal(broker.session('startup__a', { ...account, assume_role_chain: [hop] }))
    expect(error.code).toBe('CREDENTIALS_REFUSED')
    expect(error.parts.place).toContain(hop)
    expect(error.parts.place).not.toContain(SECOND)
  })
})

describe('a role of another partition than the keys', () => {
  it('is refused with what the keys must be', async () => {
    const body =
      '<ErrorResponse><Error><Code>InvalidClientTokenId</Code><Message>The security token included in the request is invalid</Message></Error></ErrorResponse>'
    const asked: string[] = []
    const server = createServer((request, response) => {
      asked.push(/\/\d{8}\/([^/]+)\/sts\//.exec(request.headers.authorization ?? '')?.[1] ?? '')
      response.writeHead(403, { 'content-type': 'text/xml' }).end(body)
    })
    const broker = openBroker({ env: { AWS_ENDPOINT_URL: await listen(server) } })
    const account = keysAccount({ assume_role_arn: 'arn:aws-cn:iam::333333333333:role/x' })
    const error = await refusal(broker.session('startup__a', account))
    expect(error.parts).toMatchObject({
      code: 'CREDENTIALS_REFUSED',
      expected: 'a key that AWS knows in partition aws-cn, to which the role belongs',
      remedy: expect.stringContaining('Give the account keys of aws-cn') as string,
    })
    // Nowhere else is asked: the role is there alone.
    expect(new Set(asked)).toEqual(new Set(['cn-northwest-1']))
  })
})

describe('a session', () => {
  it('of another account than that of the role is refused', async () => {
    const body = `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>
      <Credentials><AccessKeyId>ASIAIOSFODNN7EXAMPLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey>
      <SessionToken>t</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>
      <AssumedRoleUser><AssumedRoleId>A:g</AssumedRoleId><Arn>arn:aws:sts::${SECOND}:assumed-role/x/g</Arn></AssumedRoleUser>
      </AssumeRoleResult></AssumeRoleResponse>`
    const server = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/xml' }).end(body)
    })
    const broker = openBroker({ env: { AWS_ENDPOINT_URL: await listen(server) } })
    const account = keysAccount({ assume_role_arn: 'arn:aws:iam::333333333333:role/x' })
    const error = await refusal(broker.session('startup__a', account))
    expect(error.parts).toMatchObject({
      code: 'CREDENTIALS_REFUSED',
      expected: 'a session of account 333333333333 in aws',
      got: `one of account ${SECOND} in aws`,
    })
  })
})

describe('an external id made by the host', () => {
  it('is one for each role and stays, sealed among the secrets; any other goes through as it is', async () => {
    const store = await openStore()
    const vault = createVault(store.secrets, Buffer.alloc(32, 1))
    const ids = createExternalIds(vault)
    const roles = ['arn:aws:iam::111111111111:role/a path/x=y', 'arn:aws:iam::111111111111:role/z']
    const [first, again, other] = await Promise.all(
      [roles[0], roles[0], roles[1]].map(async (role) => ids.resolveFor(role ?? '', 'auto')),
    )
    expect(first).toMatch(/^guance-[0-9a-f]{40}$/)
    expect(again).toBe(first)
    expect(other).not.toBe(first)
    expect(await createExternalIds(vault).resolveFor(roles[0] ?? '', 'auto')).toBe(first)
    expect(await ids.resolveFor(roles[0] ?? '', 'my-own')).toBe('my-own')
    expect(await ids.resolve({ external_id: 'auto' })).toEqual({ external_id: 'auto' })
    await vault.rekey(Buffer.alloc(32, 2))
    expect(await ids.resolveFor(roles[0] ?? '', 'auto')).toBe(first)
    expect(await vault.values()).toContain(first)
  })

  it('is what STS is asked with', async () => {
    const store = await openStore()
    const ids = createExternalIds(createVault(store.secrets, Buffer.alloc(32, 1)))
    const broker = openBroker({ resolveExternalId: async (account) => ids.resolve(account) })
    const { roleArn } = simulator.info
    const account = keysAccount({ assume_role_arn: roleArn, external_id: 'auto' })
    const error = await refusal(broker.session('startup__a', account))
    expect(error.message).toContain('with the external id that this home has made (dff policy prints it)')
    await control('iam', { externalId: await ids.resolveFor(roleArn, 'auto') })
    expect((await broker.session('startup__a', account)).accountId).toBe(user().accountId)
    await control('iam', {})
  })
})
