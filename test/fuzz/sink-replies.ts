/** What a sink, or something in its place, may answer to a batch: any status, headers and body, or bytes that are no HTTP. */
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { expect } from 'vitest'
import { openHttpSink } from '../../runner/sink/http.ts'
import type { SendResult } from '../../runner/sink/sink.ts'
import { nastyJson, nastyText } from './nasty-json.ts'

const TOKEN = 'tkn_0123456789abcdef'
const BODY = gzipSync('m f=1 1')
const KINDS: readonly SendResult['kind'][] = [
  'accepted',
  'retry',
  'too-large',
  'bad-lines',
  'rejected',
  'stopped',
]

/** What drives a terminal or begins another line. */
// eslint-disable-next-line no-control-regex -- these are what is looked for
const OBEYED = /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/

interface Reply {
  readonly status: number
  readonly headers: readonly (readonly [string, string])[]
  readonly body: string
  /** Bytes after which the connection is cut; Infinity for all of it. */
  readonly cutAfter: number
}

const headerText = fc.stringMatching(/^[\x20-\x7e]{0,40}$/)

const reply: fc.Arbitrary<Reply> = fc.record({
  status: fc.oneof(
    fc.constantFrom(200, 204, 301, 400, 401, 403, 413, 429, 500, 503, 599),
    fc.integer({ min: 200, max: 999 }),
  ),
  headers: fc.array(
    fc.tuple(
      fc.constantFrom('Retry-After', 'Location', 'Content-Type', 'Content-Encoding', 'X-Y', 'Set-Cookie'),
      fc.oneof(
        headerText,
        fc.constantFrom('-1', '1e9', '0', 'soon', 'gzip', 'text/html', 'http://169.254.169.254/'),
      ),
    ),
    { maxLength: 3 },
  ),
  body: fc.oneof(
    nastyText,
    nastyJson.map((value) => JSON.stringify(value) ?? ''),
    fc.record({ error_code: nastyJson, message: nastyJson }).map((value) => JSON.stringify(value)),
    fc.nat(400).map((length) => `${'x'.repeat(length)}${TOKEN}`),
    fc.constantFrom('<html>', '{', TOKEN, `{"error_code":"${TOKEN}","message":"${TOKEN}"}`),
  ),
  cutAfter: fc.oneof({ weight: 4, arbitrary: fc.constant(Infinity) }, fc.nat(300)),
})

function bytesOf({ status, headers, body, cutAfter }: Reply): Buffer {
  const lines = [
    `HTTP/1.1 ${status} X`,
    ...headers.map(([name, value]) => `${name}: ${value}`),
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ]
  const whole = Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`)
  return whole.subarray(0, Math.min(cutAfter, whole.byteLength))
}

/** A server that answers everything with the same bytes and hangs up. */
interface Parrot {
  readonly url: string
  bytes: Uint8Array
  close(): Promise<void>
}

async function openParrot(): Promise<Parrot> {
  const parrot = { bytes: new Uint8Array() }
  const sockets = new Set<Socket>()
  const server: Server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.once('data', () => socket.end(parrot.bytes))
    socket.resume()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return Object.assign(parrot, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  })
}

function expectSound(result: SendResult): void {
  expect(KINDS).toContain(result.kind)
  if (result.kind === 'accepted') return
  expect(result.reason).not.toBe('')
  expect(result.reason.length).toBeLessThanOrEqual(300)
  expect(result.reason).not.toMatch(OBEYED)
  expect(result.reason).not.toMatch(/tkn_0|0123456789ab/)
  if (result.kind !== 'retry' || result.retryAfterMs === undefined) return
  expect(result.retryAfterMs).toBeGreaterThanOrEqual(0)
  expect(result.retryAfterMs).toBeLessThanOrEqual(3_600_000)
}

/** Sends a batch to a sink that answers anything; whatever comes is a result with a reason that may be shown. */
export async function fuzzSinkReplies(runs: number): Promise<void> {
  const parrot = await openParrot()
  const query = { precision: 'n', token: TOKEN }
  const sink = await openHttpSink({ url: parrot.url, query, secrets: [TOKEN], deadlineMs: 5_000 })
  const bytes = fc.oneof({ weight: 4, arbitrary: reply.map(bytesOf) }, fc.uint8Array({ maxLength: 400 }))
  try {
    await fc.assert(
      fc.asyncProperty(bytes, async (answer) => {
        parrot.bytes = answer
        const batch = { batchId: 1, category: 'metric', points: 1, body: BODY } as const
        expectSound(await sink.send(batch, new AbortController().signal))
      }),
      { numRuns: runs },
    )
  } finally {
    await sink.close()
    await parrot.close()
  }
}
