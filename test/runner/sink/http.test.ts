import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { openDatakitSink } from '../../../runner/sink/datakit.ts'
import { openDatawaySink } from '../../../runner/sink/dataway.ts'
import type { SendResult, Sink, SinkBatch } from '../../../runner/sink/sink.ts'
import { type Loopback, openLoopback } from './loopback.ts'

const TOKEN = 'tkn_0123456789abcdef&='
const BATCH: SinkBatch = { batchId: 7, category: 'metric', points: 1, body: gzipSync('m f=1 1') }
const NEVER = new AbortController().signal

let server: Loopback
beforeEach(async () => {
  server = await openLoopback()
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await server.close()
})

async function sendOnce(opening: Promise<Sink>, signal = NEVER): Promise<SendResult> {
  const sink = await opening
  try {
    return await sink.send(BATCH, signal)
  } finally {
    await sink.close()
  }
}

describe('the DataKit sink', () => {
  it('posts gzip with nanoseconds and without host tags', async () => {
    expect(await sendOnce(openDatakitSink(`${server.url}/base/`))).toEqual({ kind: 'accepted' })
    const [request] = server.seen
    expect(request).toMatchObject({
      method: 'POST',
      url: '/base/v1/write/metric?precision=n&ignore_global_host_tags',
      text: 'm f=1 1',
    })
    expect(request?.headers).toMatchObject({ 'content-encoding': 'gzip', 'x-points': '1' })
  })

  it('sends a retry with the same bytes and the same package id', async () => {
    server.answer = () => ({ status: 503, headers: { 'retry-after': '2' } })
    const sink = await openDatakitSink(server.url)
    expect(await sink.send(BATCH, NEVER)).toEqual({ kind: 'retry', reason: '503', retryAfterMs: 2_000 })
    server.answer = () => ({ status: 204 })
    expect(await sink.send(BATCH, NEVER)).toEqual({ kind: 'accepted' })
    await sink.close()
    const [first, second] = server.seen
    expect(second?.body).toEqual(first?.body)
    expect(second?.headers['x-pkg-id']).toBe(first?.headers['x-pkg-id'])
    expect(first?.headers['x-pkg-id']).toMatch(/^dff-[0-9a-f]{24}$/)
  })

  it('does not follow a redirect', async () => {
    server.answer = () => ({ status: 307, headers: { location: 'http://169.254.169.254/' } })
    expect(await sendOnce(openDatakitSink(server.url))).toMatchObject({ kind: 'stopped' })
    expect(server.seen).toHaveLength(1)
  })

  it('retries when nobody listens', async () => {
    const closed = await openLoopback()
    await closed.close()
    expect(await sendOnce(openDatakitSink(closed.url))).toEqual({
      kind: 'retry',
      reason: `${closed.url} cannot be reached: ECONNREFUSED`,
    })
  })

  it('retries when a name does not resolve, and when the request is ended', async () => {
    expect(await sendOnce(openDatakitSink('http://nobody.invalid:1'))).toMatchObject({ kind: 'retry' })
    server.answer = () => 'hang'
    const result = await sendOnce(openDatakitSink(server.url), AbortSignal.timeout(50))
    expect(result).toMatchObject({ kind: 'retry' })
  })

  it('refuses a forbidden address before it connects', async () => {
    await expect(openDatakitSink('http://169.254.169.254')).rejects.toMatchObject({ code: 'BAD_PARAMETER' })
  })

  it('reads no more of an endless answer than it needs', async () => {
    server.answer = () => ({ status: 500, body: 'x'.repeat(5_000_000) })
    expect(await sendOnce(openDatakitSink(server.url))).toMatchObject({ kind: 'retry' })
  })
})

describe('behind a proxy', () => {
  const FAR = 'http://datakit.test:9529'

  it('a sink is reached through it', async () => {
    vi.stubEnv('http_proxy', server.url)
    expect(await sendOnce(openDatakitSink(FAR))).toEqual({ kind: 'accepted' })
    expect(server.seen[0]?.url).toBe(`${FAR}/v1/write/metric?precision=n&ignore_global_host_tags`)
  })

  it('a sink on this machine or in NO_PROXY is reached without it', async () => {
    const proxy = await openLoopback()
    vi.stubEnv('http_proxy', proxy.url)
    vi.stubEnv('no_proxy', 'datakit.test')
    for (const url of [server.url, server.url.replace('127.0.0.1', 'localhost')]) {
      expect(await sendOnce(openDatakitSink(url))).toEqual({ kind: 'accepted' })
    }
    expect(await sendOnce(openDatakitSink(FAR))).toMatchObject({ kind: 'retry' })
    expect(proxy.seen).toEqual([])
    await proxy.close()
  })
})

describe('the DataWay sink', () => {
  it('puts the token in the query and nowhere else', async () => {
    expect(await sendOnce(openDatawaySink(server.url, TOKEN))).toEqual({ kind: 'accepted' })
    const [request] = server.seen
    expect(new URL(request?.url ?? '', server.url).searchParams.get('token')).toBe(TOKEN)
    expect(JSON.stringify(request?.headers)).not.toContain('tkn_')
  })

  it('never repeats the token, even when the gateway does', async () => {
    server.answer = (request) => ({ status: 403, body: `no such token ${TOKEN} in ${request.url}` })
    const result = await sendOnce(openDatawaySink(server.url, TOKEN))
    expect(result.kind).toBe('stopped')
    expect(JSON.stringify(result)).toContain('no such token *****')
    expect(JSON.stringify(result)).not.toContain('tkn_')
  })
})
