import { request as httpRequest } from 'node:http'
import { afterEach, describe, expect, it } from 'vitest'
import { type Endpoint, loopbackAddress, serveEndpoint } from '../../../runner/observe/endpoint.ts'
import type { Health } from '../../../runner/observe/health.ts'

const HEALTHY: Health = { status: 'ok', pid: 1, uptimeSec: 2, checks: [] }

let open: Endpoint[] = []

interface Reply {
  readonly status: number | undefined
  readonly type: string | undefined
  readonly text: string
}

/** By hand, because fetch sets the Host header itself. */
function ask(
  url: string,
  options: { readonly method?: string; readonly host?: string } = {},
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const headers = options.host === undefined ? {} : { host: options.host }
    const request = httpRequest(url, { method: options.method ?? 'GET', headers }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => (text += chunk))
      response.on('end', () =>
        resolve({ status: response.statusCode, type: response.headers['content-type'], text }),
      )
    })
    request.on('error', reject)
    request.end()
  })
}

async function serve(pages: {
  readonly metrics?: () => Promise<string>
  readonly health?: Health
  readonly host?: string
}): Promise<string> {
  const endpoint = await serveEndpoint(
    { host: pages.host ?? '127.0.0.1', port: 0 },
    { metrics: pages.metrics ?? (async () => 'dff_x 1\n'), health: async () => pages.health ?? HEALTHY },
  )
  open.push(endpoint)
  return endpoint.url
}

afterEach(async () => {
  await Promise.all(open.map((endpoint) => endpoint.close()))
  open = []
})

describe('the metrics page', () => {
  it('shows metrics as text of the format, and health as JSON', async () => {
    const url = await serve({})
    expect(await ask(`${url}/metrics`)).toEqual({
      status: 200,
      type: 'text/plain; version=0.0.4; charset=utf-8',
      text: 'dff_x 1\n',
    })
    expect(await ask(`${url}/metrics?x=1`, { method: 'HEAD' })).toMatchObject({ status: 200, text: '' })
    const health = await ask(`${url}/healthz`)
    expect(health).toMatchObject({ status: 200, type: 'application/json' })
    expect(JSON.parse(health.text)).toEqual(HEALTHY)
  })

  it.each([
    ['warning', 200],
    ['failed', 503],
  ] as const)('answers a %s with %i, because only a restart could mend the latter', async (status, code) => {
    const url = await serve({ health: { ...HEALTHY, status } })
    expect(await ask(`${url}/healthz`)).toMatchObject({ status: code })
  })

  it('says 503 and no figure when the store cannot be read', async () => {
    const url = await serve({ metrics: () => Promise.reject(new Error('disk gone')) })
    const reply = await ask(`${url}/metrics`)
    expect(reply.status).toBe(503)
    expect(reply.text).toContain('disk gone')
    expect(await ask(`${url}/healthz`)).toMatchObject({ status: 200 })
  })

  it('knows no other page and no other method', async () => {
    const url = await serve({})
    expect(await ask(`${url}/`)).toMatchObject({ status: 404 })
    expect(await ask(`${url}/metrics/x`)).toMatchObject({ status: 404 })
    expect(await ask(`${url}/metrics`, { method: 'POST' })).toMatchObject({ status: 405 })
  })

  it.each(['evil.example', 'evil.example:80', '127.0.0.1.evil.example', '10.0.0.1', 'a b'])(
    'answers nothing to a request for the host %j, which a web page could have sent',
    async (host) => {
      const url = await serve({})
      const reply = await ask(`${url}/metrics`, { host })
      expect(reply.status).toBeGreaterThanOrEqual(400)
      expect(reply.text).not.toContain('dff_x')
    },
  )

  it.each(['localhost', 'localhost:1', '127.0.0.1:99', '[::1]:9', '127.8.8.8'])(
    'answers a request for %s',
    async (host) => {
      const url = await serve({})
      expect(await ask(`${url}/metrics`, { host })).toMatchObject({ status: 200 })
    },
  )

  it('can be served on IPv6 loopback', async () => {
    const url = await serve({ host: '[::1]' })
    expect(url).toMatch(/^http:\/\/\[::1\]:\d+$/)
    expect(await ask(`${url}/metrics`)).toMatchObject({ status: 200 })
  })

  it.each([
    '0.0.0.0',
    '::',
    '10.1.2.3',
    '192.168.0.1',
    '8.8.8.8',
    'example.com',
    '',
    '127.0.0.1.example.com',
    '::ffff:10.0.0.1',
  ])('is refused on %j', async (host) => {
    await expect(serve({ host })).rejects.toMatchObject({
      code: 'BAD_PARAMETER',
      parts: { place: '--metrics-host' },
    })
  })

  it('looks no name up: localhost is 127.0.0.1 whatever a hosts file says', () => {
    expect(loopbackAddress('localhost')).toBe('127.0.0.1')
  })

  it('names a port that somebody else has', async () => {
    const port = Number(new URL(await serve({})).port)
    const second = serveEndpoint(
      { host: '127.0.0.1', port },
      { metrics: async () => '', health: async () => HEALTHY },
    )
    await expect(second).rejects.toMatchObject({
      code: 'PORT_UNUSABLE',
      parts: { got: expect.stringContaining('EADDRINUSE') as string },
    })
  })
})
