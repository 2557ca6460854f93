import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { testConnector } from '../../../runner/connector/probe.ts'
import { openDatakitSink } from '../../../runner/sink/datakit.ts'
import { openDatawaySink } from '../../../runner/sink/dataway.ts'
import type { SendResult, Sink } from '../../../runner/sink/sink.ts'
import type { Vault } from '../../../runner/secret/vault.ts'
import { type Certificate, makeCertificate } from './certificate.ts'
import { type Loopback, openLoopback } from './loopback.ts'
import { openTunnelProxy, type TunnelProxy } from './proxy.ts'

const SEND_ONCE = fileURLToPath(new URL('send-once.ts', import.meta.url))
const DAY_MS = 86_400_000
const TOKEN = 'tkn_0123456789abcdef'

async function openTls(certificate: Certificate): Promise<Loopback> {
  const server = await openLoopback(undefined, certificate)
  onTestFinished(() => server.close())
  return server
}

async function openTunnel(server: Loopback): Promise<TunnelProxy> {
  const proxy = await openTunnelProxy(Number(new URL(server.url).port))
  onTestFinished(() => proxy.close())
  return proxy
}

async function sendOnce(opening: Promise<Sink>): Promise<SendResult> {
  const sink = await opening
  const batch = { batchId: 7, category: 'metric', points: 1, body: gzipSync('m f=1 1') } as const
  const result = await sink.send(batch, AbortSignal.timeout(10_000))
  await sink.close()
  return result
}

/** As NODE_EXTRA_CA_CERTS would, in this process. */
function trust({ cert }: Certificate): void {
  const before = getCACertificates('default')
  setDefaultCACertificates([...before, cert])
  onTestFinished(() => setDefaultCACertificates(before))
}

afterEach(() => vi.unstubAllEnvs())

describe('a sink that speaks TLS', () => {
  it.each([
    ['signed by itself', {}, 'DEPTH_ZERO_SELF_SIGNED_CERT', 'NODE_EXTRA_CA_CERTS=FILE'],
    [
      'that has expired',
      { notBefore: new Date(Date.now() - 9 * DAY_MS), notAfter: new Date(Date.now() - DAY_MS) },
      'CERT_HAS_EXPIRED',
      'Have it renewed',
    ],
    ['that is not valid yet', { notBefore: new Date(Date.now() + DAY_MS) }, 'CERT_NOT_YET_VALID', 'clock'],
  ])('with a certificate %s stops delivery, and says what to do', async (what, dates, code, remedy) => {
    const host = '127.0.0.1'
    const certificate = makeCertificate({ host, notAfter: new Date(Date.now() + 2 * DAY_MS), ...dates })
    if (code !== 'DEPTH_ZERO_SELF_SIGNED_CERT') trust(certificate)
    const server = await openTls(certificate)
    const result = await sendOnce(openDatakitSink(server.url))
    expect(result).toMatchObject({ kind: 'stopped', isUnreached: true })
    const reason = result.kind === 'stopped' ? result.reason : ''
    expect(reason).toContain(`${server.url} shows a certificate ${what} (${code}).`)
    expect(reason).toContain(remedy)
    expect(server.seen).toEqual([])
  })

  it('with a certificate for another name stops delivery, and says so', async () => {
    const certificate = makeCertificate({ host: 'elsewhere.test' })
    trust(certificate)
    const server = await openTls(certificate)
    expect(await sendOnce(openDatakitSink(server.url))).toMatchObject({
      kind: 'stopped',
      reason: expect.stringContaining(
        'a certificate for another name (ERR_TLS_CERT_ALTNAME_INVALID)',
      ) as string,
    })
  })

  it('is not reached in the eyes of connector test when its certificate does not count', async () => {
    const server = await openTls(makeCertificate({ host: '127.0.0.1' }))
    const row = { id: 'default', config: { type: 'datakit', url: server.url }, isImplicit: false } as const
    const vault = {} as Vault // a DataKit needs no secret
    const report = await testConnector(row, { vault, output: tmpdir() })
    expect(report.checks.map(({ status }) => status)).toEqual(['failed', 'failed'])
  })

  it('is delivered to once its authority is named in NODE_EXTRA_CA_CERTS', async () => {
    const certificate = makeCertificate({ host: '127.0.0.1' })
    const server = await openTls(certificate)
    const folder = mkdtempSync(join(tmpdir(), 'dff-tls-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    writeFileSync(join(folder, 'ca.pem'), certificate.cert)
    const run = async (env: NodeJS.ProcessEnv): Promise<string> => {
      const child = spawn(process.execPath, [SEND_ONCE, server.url], {
        env: { PATH: process.env['PATH'], ...env },
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      return text(child.stdout)
    }
    expect(await run({})).toContain('DEPTH_ZERO_SELF_SIGNED_CERT')
    expect(await run({ NODE_EXTRA_CA_CERTS: join(folder, 'ca.pem') })).toBe('{"kind":"accepted"}')
    expect(server.seen).toHaveLength(1)
  })

  it('is told apart from one that does not, in both directions', async () => {
    const plain = await openLoopback()
    onTestFinished(() => plain.close())
    expect(await sendOnce(openDatakitSink(plain.url.replace('http:', 'https:')))).toMatchObject({
      kind: 'stopped',
      reason: expect.stringContaining('does not speak TLS') as string,
    })
    const secure = await openTls(makeCertificate({ host: '127.0.0.1' }))
    const result = await sendOnce(openDatakitSink(secure.url.replace('https:', 'http:')))
    expect(result.kind).toBe('retry')
  })
})

describe('a tunnel through the proxy of the environment', () => {
  const FAR = 'https://openway.test'

  it('carries TLS to the sink itself, and the token inside it alone', async () => {
    const certificate = makeCertificate({ host: 'openway.test' })
    trust(certificate)
    const server = await openTls(certificate)
    const proxy = await openTunnel(server)
    vi.stubEnv('HTTPS_PROXY', proxy.url)
    expect(await sendOnce(openDatawaySink(FAR, TOKEN))).toEqual({ kind: 'accepted' })
    expect(proxy.asked).toEqual([{ target: 'openway.test:443', authorization: '' }])
    expect(server.seen[0]?.url).toContain(`token=${TOKEN}`)
  })

  it('takes user name and password from the URL of the proxy', async () => {
    const certificate = makeCertificate({ host: 'openway.test' })
    trust(certificate)
    const proxy = await openTunnel(await openTls(certificate))
    vi.stubEnv('https_proxy', proxy.url.replace('//', '//collector:p%40ss@'))
    expect(await sendOnce(openDatawaySink(FAR, TOKEN))).toEqual({ kind: 'accepted' })
    const basic = Buffer.from('collector:p@ss').toString('base64')
    expect(proxy.asked[0]?.authorization).toBe(`Basic ${basic}`)
  })

  it('does not make a certificate count that would not without it', async () => {
    const proxy = await openTunnel(await openTls(makeCertificate({ host: 'openway.test' })))
    vi.stubEnv('HTTPS_PROXY', proxy.url)
    expect(await sendOnce(openDatawaySink(FAR, TOKEN))).toMatchObject({
      kind: 'stopped',
      reason: expect.stringContaining('DEPTH_ZERO_SELF_SIGNED_CERT') as string,
    })
  })

  it.each([
    [407, 'stopped', 'wants a user name and a password'],
    [403, 'stopped', 'name the sink in NO_PROXY'],
    [502, 'retry', '502'],
  ])('that is refused with %i is %s, and says that it was the proxy', async (status, kind, part) => {
    const proxy = await openTunnel(await openTls(makeCertificate({ host: 'openway.test' })))
    proxy.status = status
    vi.stubEnv('HTTPS_PROXY', proxy.url.replace('//', '//collector:hunter22@'))
    const result = await sendOnce(openDatawaySink(FAR, TOKEN))
    expect(result.kind).toBe(kind)
    const reason = result.kind === 'accepted' ? '' : result.reason
    expect(reason).toContain(`the proxy of HTTPS_PROXY or HTTP_PROXY refuses the way to ${FAR}: ${status}`)
    expect(reason).toContain(part)
    expect(reason).not.toContain('hunter22')
  })

  it('names the address that was tried when the proxy is not there', async () => {
    const proxy = await openTunnelProxy(1)
    await proxy.close()
    vi.stubEnv('HTTPS_PROXY', proxy.url.replace('//', '//collector:hunter22@'))
    const result = await sendOnce(openDatawaySink(FAR, TOKEN))
    const place = proxy.url.replace('http://', '')
    expect(result).toEqual({
      kind: 'retry',
      reason: `${FAR} cannot be reached: ECONNREFUSED at ${place}`,
    })
  })

  it('is not taken to an address that names the metadata service, whatever the proxy would do', async () => {
    vi.stubEnv('HTTPS_PROXY', 'http://127.0.0.1:1')
    await expect(openDatawaySink('https://169.254.169.254', TOKEN)).rejects.toMatchObject({
      code: 'BAD_PARAMETER',
    })
  })
})
