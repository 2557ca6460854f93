import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type RunningSimulator, startSimulator } from '../../simulator/server.ts'
import { control } from './aws-clients.ts'

let simulator: RunningSimulator

beforeAll(async () => {
  simulator = await startSimulator({ functions: 0, latencyMs: 0 })
})
afterAll(() => simulator.close())
beforeEach(async () => {
  await control(simulator, 'received/reset', {})
  await control(simulator, 'counters/reset', {})
  await control(simulator, 'receiver', { kind: 'ok' })
})

interface Answer {
  readonly status: number
  readonly code: string | undefined
  readonly text: string
  readonly retryAfter: string | null
}

async function write(
  path: string,
  body: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await fetch(`${simulator.url}${path}`, { method: 'POST', body, headers })
  const text = await response.text()
  const code = text.startsWith('{') ? (JSON.parse(text) as { error_code?: string }).error_code : undefined
  return { status: response.status, code, text, retryAfter: response.headers.get('retry-after') }
}

interface Held {
  readonly measurement: string
  readonly tags: Record<string, string>
  readonly fields: Record<string, unknown>
  readonly timeNs: string
  readonly writes: number
  readonly rewrites: number
}

async function held(category = 'metric'): Promise<Held[]> {
  return (await control<{ points: Held[] }>(simulator, `received?category=${category}`)).points
}

const METRIC = '/v1/write/metric?precision=n'

describe('the receiver', () => {
  it('keeps what it was sent', async () => {
    const line = String.raw`a\ b,t\=1=x\,y,z=名 f=1.5,i=-3i,u=7u,b=T 1700000000000000001`
    expect(await write(METRIC, `${line}\n# comment\n\n`)).toMatchObject({ status: 200, text: '' })
    expect(await held()).toEqual([
      {
        category: 'metric',
        measurement: 'a b',
        tags: { 't=1': 'x,y', z: '名' },
        fields: { f: 1.5, i: -3, u: 7, b: true },
        timeNs: '1700000000000000001',
        writes: 1,
        rewrites: 0,
      },
    ])
  })

  it('needs a token on the DataWay entrance and none on the DataKit entrance, and refuses a wrong one on both', async () => {
    const { datawayToken } = simulator.info
    expect((await write(`/dataway/v1/write/metric?token=${datawayToken}`, 'm f=1')).status).toBe(200)
    expect((await write(`/v1/write/metric?token=${datawayToken}`, 'm f=1')).status).toBe(200)
    expect(await write('/dataway/v1/write/metric', 'm f=1')).toMatchObject({
      status: 403,
      code: 'datakit.invalidToken',
    })
    expect(await write('/dataway/v1/write/metric?token=tkn_x', 'm f=1')).toMatchObject({ status: 403 })
    expect(await write('/v1/write/metric?token=tkn_x', 'm f=1')).toMatchObject({ status: 403 })
  })

  it('decodes gzip and says when it cannot', async () => {
    const gzip = { 'content-encoding': 'gzip' }
    expect((await write(METRIC, Uint8Array.from(gzipSync('m f=1 17')), gzip)).status).toBe(200)
    expect(await held()).toHaveLength(1)
    expect(await write(METRIC, 'm f=1', gzip)).toMatchObject({
      status: 400,
      code: 'datakit.decodeBodyFailed',
    })
  })

  it.each([
    ['a field without a value', 'm f='],
    ['an empty tag value', 'm,t= f=1'],
    ['a tag value that ends in a backslash', String.raw`m,t=a\ f=1`],
    ['a tag without a value', 'm,t f=1'],
    ['an unescaped equals sign in a tag value', 'm,t=a=b f=1'],
    ['the same tag twice', 'm,t=1,t=2 f=1'],
    ['NaN', 'm f=NaN'],
    ['infinity', 'm f=+Inf'],
    ['a float beyond 64 bits', 'm f=1e999'],
    ['an integer beyond 64 bits', 'm f=9223372036854775808i'],
    ['a timestamp that is no number', 'm f=1 12x'],
    ['no fields', 'm,t=1'],
    ['an open string', 'm f="a'],
    ['a newline in a tag', 'm,t=a\nb f=1'],
  ])('refuses a body with %s and keeps nothing of it', async (_, bad) => {
    const answer = await write(METRIC, `good f=1 17\n${bad}\n`)
    expect(answer).toMatchObject({ status: 400, code: 'datakit.invalidLinePoint' })
    expect(await held()).toEqual([])
  })

  it('names the line that is bad', async () => {
    expect((await write(METRIC, 'a f=1\nb f=1\nc f=x')).text).toContain('line 3, column 5')
  })

  it('drops a string field of a metric, or refuses the body when strict', async () => {
    expect((await write(METRIC, 'm f=1,s="text" 17')).status).toBe(200)
    expect((await held())[0]?.fields).toEqual({ f: 1 })
    expect(await write(`${METRIC}&strict=1`, 'm f=1,s="text" 17')).toMatchObject({
      status: 400,
      code: 'datakit.pointGotWarning',
    })
  })

  it('drops a field that is also a tag, and the point when nothing is left of it', async () => {
    await write(METRIC, 'm,a=1 a=2,b=3 17\nm,a=1 a=2 18')
    expect((await held()).map((point) => point.fields)).toEqual([{ b: 3 }])
  })

  it('accepts a newline inside a string field', async () => {
    await write('/v1/write/logging?precision=n', 'app message="one\ntwo" 17')
    expect((await held('logging'))[0]?.fields).toEqual({ message: 'one\ntwo', status: 'info' })
  })

  it('keeps one object of a class and name, in its newest state', async () => {
    const path = '/v1/write/custom_object?precision=n'
    await write(path, String.raw`aws_lambda,name=f,class=x,a.b=1 message="{\"v\":1}" 17`)
    await write(path, String.raw`aws_lambda,name=f message="say \"hi\" \\" 18`)
    await write(path, 'aws_lambda message="nameless" 19')
    expect(await held('custom_object')).toMatchObject([
      {
        tags: { name: 'f' },
        fields: { message: String.raw`say "hi" \ `.trimEnd() },
        timeNs: '18',
        writes: 2,
        rewrites: 1,
      },
      { tags: { name: 'default' }, writes: 1 },
    ])
  })

  it('renames dots in the keys of everything but metrics', async () => {
    await write('/v1/write/custom_object', 'c,name=f,a.b=1 c.d=1')
    await write(METRIC, 'm,a.b=1 c.d=1')
    expect((await held('custom_object'))[0]).toMatchObject({ tags: { a_b: '1' }, fields: { c_d: 1 } })
    expect((await held())[0]).toMatchObject({ tags: { 'a.b': '1' }, fields: { 'c.d': 1 } })
  })

  it('cuts what is too long', async () => {
    await write(METRIC, `m,t=${'x'.repeat(2_000)} f=1`)
    expect((await held())[0]?.tags.t).toHaveLength(1_024)
  })

  it.each([
    ['', 1_700_000_000n, 1_700_000_000_000_000_000n],
    ['', 1_700_000_000_000n, 1_700_000_000_000_000_000n],
    ['', 1_700_000_000_000_000n, 1_700_000_000_000_000_000n],
    ['', 1_700_000_000_000_000_000n, 1_700_000_000_000_000_000n],
    ['?precision=n', 17n, 17n],
    ['?precision=ms', 17n, 17_000_000n],
    ['?precision=s', 17n, 17_000_000_000n],
  ])('reads with %j the time %s as %s ns', async (query, written, timeNs) => {
    await write(`/v1/write/metric${query}`, `m f=1 ${written}`)
    expect((await held())[0]?.timeNs).toBe(String(timeNs))
  })

  it.each([
    ['/v1/write/metric', '', 'datakit.emptyBody'],
    ['/v1/write/metric', '# only a comment\n', 'datakit.noPoints'],
    ['/v1/write/metric?precision=day', 'm f=1', 'datakit.invalidPrecision'],
    ['/v1/write/billing', 'm f=1', 'datakit.invalidCategory'],
  ])('answers %s with the body %j by 400 %s', async (path, body, code) => {
    expect(await write(path, body)).toMatchObject({ status: 400, code })
  })

  it('stores nothing when dry and echoes what it understood', async () => {
    const line = String.raw`m\ 1,a=x\ y f=1.5,i=2i,s="q\"" 17`
    const answer = await write('/v1/write/logging?precision=n&dry=1&echo=lp', line)
    const expected = String.raw`m\ 1,a=x\ y f=1.5,i=2i,s="q\"",status="info" 17`
    expect(JSON.parse(answer.text)).toEqual({ content: expected })
    expect(await held('logging')).toEqual([])
  })

  it('merges fields written for the same series and time, and counts changed ones', async () => {
    await write(METRIC, 'm,a=1,b=2 f=1,g=1 17')
    await write(METRIC, 'm,b=2,a=1 f=1 17')
    await write(METRIC, 'm,b=2,a=1 f=2 17')
    expect(await held()).toMatchObject([{ fields: { f: 2, g: 1 }, writes: 3, rewrites: 1 }])
    const { summary } = await control<{ summary: unknown }>(simulator, 'received/summary')
    expect(summary).toEqual([{ category: 'metric', measurement: 'm', points: 1, writes: 3, rewrites: 1 }])
  })

  it('refuses bodies above its limit with 413', async () => {
    await control(simulator, 'receiver', { maxBodyBytes: 10 })
    expect((await write(METRIC, 'm f=1,g=123456')).status).toBe(413)
    expect((await write(METRIC, 'm f=1')).status).toBe(200)
  })

  it('answers a given status for a number of requests, then works', async () => {
    await control(simulator, 'receiver', {
      status: 429,
      errorCode: 'datakit.reachMaxAPILimit',
      retryAfterSec: 2,
      times: 2,
    })
    const refused = { status: 429, code: 'datakit.reachMaxAPILimit', retryAfter: '2' }
    expect(await write(METRIC, 'm f=1')).toMatchObject(refused)
    expect(await write(METRIC, 'm f=1')).toMatchObject(refused)
    expect((await write(METRIC, 'm f=1')).status).toBe(200)
  })

  it('cuts connections and hangs when told to', async () => {
    await control(simulator, 'receiver', { kind: 'close', times: 1 })
    await expect(write(METRIC, 'm f=1')).rejects.toThrow('fetch failed')
    await control(simulator, 'receiver', { kind: 'hang', times: 1 })
    const signal = AbortSignal.timeout(100)
    const hanging = fetch(`${simulator.url}${METRIC}`, { method: 'POST', body: 'm f=1', signal })
    await expect(hanging).rejects.toMatchObject({ name: 'TimeoutError' })
    expect((await write(METRIC, 'm f=1')).status).toBe(200)
  })

  it('counts requests, refusals and points', async () => {
    await write(METRIC, 'm f=1\nm f=2 1')
    await write(METRIC, 'm f=')
    const { receiver } = await control<{ receiver: object }>(simulator, 'counters')
    expect(receiver).toMatchObject({ requests: 2, accepted: 1, refused: 1, points: 2 })
  })
})
