import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { Account } from '../../../core/schema-types.generated.ts'
import { stsRegions } from '../../../runner/credentials/sts.ts'
import {
  control,
  countRequests,
  keysAccount,
  listen,
  openBroker,
  refusal,
  simulator,
  stopClock,
  user,
} from './open-broker.ts'
import { PATIENCE } from '../../patience.ts'

const MINUTE_MS = 60_000

function roleAccount(more: Partial<Account> = {}): Account {
  const { roleArn, externalId } = simulator.info
  return keysAccount({ assume_role_arn: roleArn, external_id: externalId, ...more })
}

describe('a session', () => {
  it('is opened once for all who ask, and renewed behind them after two thirds of its life', async () => {
    let nowMs = stopClock()
    const broker = openBroker({ now: () => nowMs, random: () => 0.5 })
    const before = await countRequests()
    const accounts = [keysAccount(), keysAccount({ extra_tags: { a: 'b' } }), keysAccount()]
    const [first, ...others] = await Promise.all(
      accounts.map((account) => broker.session('startup__a', account)),
    )
    nowMs += 38 * MINUTE_MS
    others.push(await broker.session('startup__a', keysAccount()))
    nowMs += 2 * MINUTE_MS
    // Whoever asks meanwhile does not wait for it.
    others.push(await broker.session('startup__a', keysAccount()))
    expect(others.every((other) => other === first)).toBe(true)
    await vi.waitFor(
      async () => expect(await broker.session('startup__a', keysAccount())).not.toBe(first),
      PATIENCE,
    )
    expect(new Set(broker.secretsInUse())).toContain(first?.secretAccessKey)
    const after = await countRequests()
    expect((after['sts:GetSessionToken'] ?? 0) - (before['sts:GetSessionToken'] ?? 0)).toBe(2)
  })

  it('of each account has a time of its own for that', async () => {
    const renewed: number[] = []
    for (const part of [0, 0.999]) {
      let nowMs = stopClock()
      const broker = openBroker({ now: () => nowMs, random: () => part })
      const first = await broker.session('startup__a', keysAccount())
      const startMs = nowMs
      for (; nowMs < startMs + 60 * MINUTE_MS; nowMs += MINUTE_MS) {
        await broker.session('startup__a', keysAccount())
        await broker.settled()
        if ((await broker.session('startup__a', keysAccount())) !== first) break
      }
      renewed.push((nowMs - startMs) / MINUTE_MS)
    }
    expect(renewed).toEqual([36, 42])
  })

  it('is not shared between scripts, nor after the secret has changed', async () => {
    let secret = user().secretAccessKey
    const broker = openBroker({ readSecret: async () => secret })
    const first = await broker.session('startup__a', keysAccount())
    expect(await broker.session('startup__b', keysAccount())).not.toBe(first)
    secret = 'another secret'
    const error = await refusal(broker.session('startup__a', keysAccount()))
    expect(error.code).toBe('CREDENTIALS_REFUSED')
  })

  it('stays in use until its real end when its renewal fails, which is said, and tried again every minute', async () => {
    let nowMs = stopClock()
    const broker = openBroker({ now: () => nowMs })
    const account = roleAccount()
    const first = await broker.session('startup__a', account)
    await control('denials', { actions: ['sts:AssumeRole'] })
    const before = await countRequests()
    nowMs += 50 * MINUTE_MS
    expect(await broker.session('startup__a', account)).toBe(first)
    await broker.settled()
    const warned = await broker.session('startup__a', account)
    expect(warned).toMatchObject({ accessKeyId: first.accessKeyId })
    expect(warned.warning).toMatch(
      /stays in use until .*; it cannot be renewed: .*may assume, got AccessDenied/,
    )
    await broker.settled()
    expect((await countRequests())['sts:AssumeRole']).toBe((before['sts:AssumeRole'] ?? 0) + 1)
    nowMs += 2 * MINUTE_MS
    await broker.session('startup__a', account)
    await broker.settled()
    expect((await countRequests())['sts:AssumeRole']).toBe((before['sts:AssumeRole'] ?? 0) + 2)
    nowMs += 9 * MINUTE_MS
    expect((await refusal(broker.session('startup__a', account))).code).toBe('CREDENTIALS_REFUSED')
    await control('denials', { actions: [] })
    expect((await broker.session('startup__a', account)).warning).toBeUndefined()
  })

  it('that AWS refuses before its end is replaced, but not at once by another', async () => {
    let nowMs = stopClock()
    const broker = openBroker({ now: () => nowMs })
    const first = await broker.session('startup__a', roleAccount())
    expect(await broker.session('startup__a', roleAccount(), first.accessKeyId)).toBe(first)
    nowMs += 2 * MINUTE_MS
    const second = await broker.session('startup__a', roleAccount(), first.accessKeyId)
    expect(second.accessKeyId).not.toBe(first.accessKeyId)
    // Who still holds the first gets the second.
    expect(await broker.session('startup__a', roleAccount(), first.accessKeyId)).toBe(second)
  })

  it('is as long as the account says, and refused by name where AWS takes no such length', async () => {
    const nowMs = stopClock()
    const session = await openBroker().session('startup__a', roleAccount({ session_duration_sec: 900 }))
    expect(session.expiresAtMs).toBe(nowMs + 15 * MINUTE_MS)
    const account = roleAccount({ session_duration_sec: 7_200, assume_role_chain: [simulator.info.roleArn] })
    await control('iam', { externalId: null })
    const error = await refusal(openBroker().session('startup__a', account))
    await control('iam', {})
    expect(error.message).toMatch(/got ValidationError: .*durationSeconds.*Check .*session_duration_sec/)
  })

  it('has its secrets named for masking, and forgotten at the end', async () => {
    const broker = openBroker()
    const session = await broker.session('startup__a', keysAccount())
    const secrets = [user().secretAccessKey, session.secretAccessKey, session.sessionToken]
    expect(new Set(broker.secretsInUse())).toEqual(new Set(secrets))
    await broker.close()
    expect(broker.secretsInUse()).toEqual([])
    expect((await refusal(broker.session('startup__a', keysAccount()))).message).toMatch(/one that is ending/)
  })
})

/** Points the SDK at the simulator by a profile, which leaves the broker free to ask in every partition. */
async function useProfileEndpoint(url = simulator.url): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'dff-profile-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  await writeFile(join(folder, 'config'), `[default]\nendpoint_url = ${url}\n`)
  vi.stubEnv('AWS_CONFIG_FILE', join(folder, 'config'))
  vi.stubEnv('AWS_ENDPOINT_URL', undefined)
  onTestFinished(() => void vi.unstubAllEnvs())
}

describe('the regions in which STS is asked', () => {
  it('are tried one after another until the key is known', async () => {
    await useProfileEndpoint()
    const before = (await countRequests())['sts:GetCallerIdentity'] ?? 0
    // A region that the account has not enabled answers as if the key did not exist.
    const session = await openBroker({ env: { AWS_REGION: 'eu-north-1' } }).session(
      'startup__a',
      keysAccount(),
    )
    expect(session.accountId).toBe(user().accountId)
    expect((await countRequests())['sts:GetCallerIdentity']).toBe(before + 2)
  })

  it('are all tried before a key is called unknown', async () => {
    await useProfileEndpoint()
    const before = (await countRequests())['sts:GetCallerIdentity'] ?? 0
    const account = keysAccount({ ak_id: 'AKIAXXXXXXXXXXXXXXXX' })
    const error = await refusal(openBroker({ env: {} }).session('startup__a', account))
    expect(error.message).toContain('InvalidClientTokenId')
    expect((await countRequests())['sts:GetCallerIdentity']).toBe(before + homes.length)
  })

  it.each([
    ['what the partition that knows the key says', 'SignatureDoesNotMatch', /SignatureDoesNotMatch/],
    ['the first refusal where the others cannot be reached', undefined, /InvalidClientTokenId/],
  ])('lead to %s', async (_title, elsewhere, message) => {
    const server = createServer((request, response) => {
      const isFirst = request.headers.authorization?.includes('/us-east-1/') === true
      const name = isFirst ? 'InvalidClientTokenId' : elsewhere
      if (name === undefined) return void request.socket.destroy()
      response.writeHead(403, { 'content-type': 'text/xml' })
      return void response.end(
        `<ErrorResponse><Error><Code>${name}</Code><Message>no</Message></Error></ErrorResponse>`,
      )
    })
    const url = await listen(server)
    await useProfileEndpoint(url)
    const error = await refusal(openBroker({ env: {} }).session('startup__a', keysAccount()))
    expect(error.code).toBe('CREDENTIALS_REFUSED')
    expect(error.message).toMatch(message)
  })

  it('end with the one in which the secret turns out to be wrong', async () => {
    await useProfileEndpoint()
    const before = (await countRequests())['sts:GetCallerIdentity'] ?? 0
    const broker = openBroker({ env: {}, readSecret: async () => 'another secret' })
    const error = await refusal(broker.session('startup__a', keysAccount()))
    expect(error.message).toContain('SignatureDoesNotMatch')
    // The SDK itself asks twice: it takes the first refusal for a clock that is off.
    expect((await countRequests())['sts:GetCallerIdentity']).toBeLessThanOrEqual(before + 2)
  })

  const homes = ['us-east-1', 'cn-northwest-1', 'eusc-de-east-1', 'us-gov-west-1']
  it.each([
    ['every partition, the largest first', {}, {}, homes],
    ['the configured region first', {}, { AWS_REGION: 'cn-north-1' }, ['cn-north-1', ...homes]],
    [
      'the home of the role alone',
      { assume_role_arn: 'arn:aws-cn:iam::123456789012:role/r' },
      {},
      ['cn-northwest-1'],
    ],
    [
      "the configured region if it is in the role's partition",
      { assume_role_arn: 'arn:aws:iam::123456789012:role/r' },
      { AWS_REGION: 'eu-west-1' },
      ['eu-west-1'],
    ],
    [
      'not the configured region of another partition',
      { assume_role_arn: 'arn:aws-us-gov:iam::123456789012:role/r' },
      { AWS_REGION: 'eu-west-1' },
      ['us-gov-west-1'],
    ],
    [
      'one only behind an endpoint that the user set',
      {},
      { AWS_ENDPOINT_URL: 'http://127.0.0.1:1' },
      ['us-east-1'],
    ],
  ])('are %s', (_title, account, env, regions) => {
    expect(stsRegions(account, env)).toEqual(regions)
  })
})
