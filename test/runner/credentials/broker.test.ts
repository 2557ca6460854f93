import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { DffError } from '../../../core/error.ts'
import { PATIENCE } from '../../patience.ts'
import { useChain } from './use-chain.ts'
import {
  control,
  keysAccount,
  listen,
  openBroker,
  refusal,
  simulator,
  stopClock,
  user,
} from './open-broker.ts'

const MINUTE_MS = 60_000

describe('an account with keys', () => {
  it('gets a session that ends within the hour, and never the key itself', async () => {
    const nowMs = stopClock()
    const session = await openBroker().session('startup__a', keysAccount())
    expect(session).toMatchObject({
      accountId: user().accountId,
      arn: expect.stringContaining(`arn:aws:iam::${user().accountId}:user/`),
      partition: 'aws',
      sessionToken: expect.any(String),
    })
    expect(session.accessKeyId).not.toBe(user().accessKeyId)
    expect(session.secretAccessKey).not.toBe(user().secretAccessKey)
    expect(session.expiresAtMs).toBe(nowMs + 60 * MINUTE_MS)
    expect(session.note).toBeUndefined()
  })

  it('works with the key itself, and says so, where STS gives no session', async () => {
    await control('denials', { actions: ['sts:GetSessionToken'] })
    const session = await openBroker().session('startup__a', keysAccount())
    expect(session).toMatchObject({
      accessKeyId: user().accessKeyId,
      secretAccessKey: user().secretAccessKey,
    })
    expect(session.sessionToken).toBeUndefined()
    expect(session.note).toMatch(/sts:GetSessionToken.*works with the key itself/)
  })

  it('is refused by name when the key id is unknown', async () => {
    const account = keysAccount({ ak_id: 'AKIAXXXXXXXXXXXXXXXX' })
    const error = await refusal(openBroker().session('startup__a', account))
    expect(error.code).toBe('CREDENTIALS_REFUSED')
    expect(error.message).toMatch(
      /key AKIAXXXXXXXXXXXXXXXX: expected a key that AWS knows, got InvalidClientTokenId: .*Check ak_id/,
    )
  })

  it('is refused by name when the secret is another one', async () => {
    const broker = openBroker({ readSecret: async () => `${user().secretAccessKey}x` })
    const error = await refusal(broker.session('startup__a', keysAccount()))
    expect(error.code).toBe('CREDENTIALS_REFUSED')
    expect(error.message).toMatch(
      /the secret that belongs to this key, got SignatureDoesNotMatch.*dff secret set set_a\.ak_secret/,
    )
  })

  it('passes on what reading the secret says', async () => {
    const ungranted = new DffError({
      code: 'NOT_GRANTED',
      place: 'secret',
      expected: 'a grant',
      got: 'none',
      remedy: 'Grant.',
    })
    const broker = openBroker({ readSecret: () => Promise.reject(ungranted) })
    await expect(broker.session('startup__a', keysAccount())).rejects.toBe(ungranted)
  })

  it('says that AWS does not answer, and does not call that a refusal', async () => {
    const server = createServer()
    const url = await listen(server)
    server.close()
    const broker = openBroker({ env: { AWS_ENDPOINT_URL: url } })
    const error = await refusal(broker.session('startup__a', keysAccount()))
    expect(error.code).toBe('AWS_UNREACHABLE')
    expect(error.message).toContain('ECONNREFUSED')
  })
})

describe('an account with a role', () => {
  it('gets a session of the role, under the name that CloudTrail shows', async () => {
    const account = keysAccount({
      assume_role_arn: simulator.info.roleArn,
      external_id: simulator.info.externalId,
      role_session_name: 'my-session',
    })
    const session = await openBroker().session('startup__a', account)
    expect(session).toMatchObject({ accountId: user().accountId, partition: 'aws' })
    expect(session.arn).toMatch(/:assumed-role\/guance-collector\/my-session$/)
    const named = await openBroker().session('startup__a', {
      ...keysAccount(),
      ...account,
      role_session_name: 'guance',
    })
    expect(named.arn).toMatch(/\/guance$/)
  })

  it.each([
    ['a wrong external id', { external_id: 'wrong-one' }, /with the external id that stands in external_id/],
    ['no external id', {}, /if it asks for an external id, set external_id/],
  ])('is refused by name with %s', async (_title, more, text) => {
    const account = keysAccount({ assume_role_arn: simulator.info.roleArn, ...more })
    const error = await refusal(openBroker().session('startup__a', account))
    expect(error.code).toBe('CREDENTIALS_REFUSED')
    expect(error.message).toMatch(
      /expected a role that this identity may assume, got AccessDenied: User: arn:aws:iam/,
    )
    expect(error.message).toMatch(text)
  })
})

describe('an account without keys', () => {
  it("gets a session from the host's own keys", async () => {
    useChain({ AWS_ACCESS_KEY_ID: user().accessKeyId, AWS_SECRET_ACCESS_KEY: user().secretAccessKey })
    const session = await openBroker().session('startup__a', {})
    expect(session.secretAccessKey).not.toBe(user().secretAccessKey)
    expect(session.sessionToken).toEqual(expect.any(String))
  })

  it('passes on credentials that end by themselves', async () => {
    const own = await openBroker().session('startup__a', keysAccount())
    useChain({
      AWS_ACCESS_KEY_ID: own.accessKeyId,
      AWS_SECRET_ACCESS_KEY: own.secretAccessKey,
      AWS_SESSION_TOKEN: own.sessionToken ?? '',
    })
    const session = await openBroker().session('startup__a', {})
    expect(session).toMatchObject({
      accessKeyId: own.accessKeyId,
      sessionToken: own.sessionToken,
      arn: own.arn,
    })
  })

  it("assumes a role with the host's own keys", async () => {
    useChain({ AWS_ACCESS_KEY_ID: user().accessKeyId, AWS_SECRET_ACCESS_KEY: user().secretAccessKey })
    const account = { assume_role_arn: simulator.info.roleArn, external_id: simulator.info.externalId }
    const session = await openBroker().session('startup__a', account)
    expect(session.arn).toMatch(/assumed-role/)
  })

  /** A provider that never answers: the command of a profile waits for a server that holds its answer. */
  async function hangChain(): Promise<ServerResponse[]> {
    const asked: ServerResponse[] = []
    const server = createServer((_request, response) => void asked.push(response))
    const url = await listen(server)
    onTestFinished(() => server.closeAllConnections())
    const folder = await mkdtemp(join(tmpdir(), 'dff-chain-'))
    onTestFinished(() => rm(folder, { recursive: true, force: true }))
    const config = join(folder, 'config')
    const script = join(folder, 'ask.mjs')
    await writeFile(script, `process.stdout.write(await (await fetch('${url}')).text())`)
    await writeFile(config, `[default]\ncredential_process = ${process.execPath} ${script}\n`)
    useChain({ AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '', AWS_CONFIG_FILE: config })
    return asked
  }

  // The first of those that hang: a command whose test is over lets its chain go on with what the next test has set.
  it('lets three commands hang, one more every ten minutes, and takes what one of them says in the end', async () => {
    const asked = await hangChain()
    let nowMs = 0
    const broker = openBroker({ chainLimitMs: 500, now: () => nowMs })
    for (const [minute, running] of [1, 2, 3, 3, 3].entries()) {
      nowMs = minute * MINUTE_MS
      expect((await refusal(broker.session('startup__a', {}))).code).toBe('AWS_UNREACHABLE')
      await vi.waitFor(() => expect(asked).toHaveLength(running), PATIENCE)
    }
    nowMs = 12 * MINUTE_MS
    await refusal(broker.session('startup__a', {}))
    await vi.waitFor(() => expect(asked).toHaveLength(4), PATIENCE)
    const { accessKeyId, secretAccessKey } = user()
    const keys = { Version: 1, AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey }
    const session = broker.session('startup__a', {})
    asked[1]?.end(JSON.stringify(keys))
    expect((await session).accountId).toBe(user().accountId)
    expect(asked).toHaveLength(4)
  })

  it('gives up on a provider that does not answer', async () => {
    await hangChain()
    const error = await refusal(openBroker({ chainLimitMs: 200 }).session('startup__a', {}))
    expect(error.code).toBe('AWS_UNREACHABLE')
    expect(error.message).toMatch(/default chain within 0\.2 s, got no answer/)
  })

  it('ends with the broker while a provider does not answer', async () => {
    await hangChain()
    const broker = openBroker()
    const asking = refusal(broker.session('startup__a', {}))
    await broker.close()
    expect((await asking).code).toBe('TASK_FAILED')
  })

  it('says that the machine has no credentials', async () => {
    useChain({ AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '' })
    const error = await refusal(openBroker().session('startup__a', {}))
    expect(error.code).toBe('NO_CREDENTIALS')
    expect(error.message).toMatch(/got CredentialsProviderError: .*Give the account ak_id and ak_secret/)
  })

  it('says that credentials have expired', async () => {
    useChain({
      AWS_ACCESS_KEY_ID: 'ASIAXXXXXXXXXXXXXXXX',
      AWS_SECRET_ACCESS_KEY: 'x',
      AWS_SESSION_TOKEN: 'gone',
    })
    const error = await refusal(openBroker().session('startup__a', {}))
    expect(error.code).toBe('CREDENTIALS_REFUSED')
    expect(error.message).toMatch(/Renew/)
  })

  it('is not for a set that does not use AWS', async () => {
    useChain({ AWS_ACCESS_KEY_ID: user().accessKeyId, AWS_SECRET_ACCESS_KEY: user().secretAccessKey })
    const error = await refusal(openBroker({ usesAws: async () => false }).session('startup__a', {}))
    expect(error.code).toBe('NOT_GRANTED')
  })
})
