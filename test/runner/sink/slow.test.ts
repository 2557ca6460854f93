import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openHttpSink } from '../../../runner/sink/http.ts'
import type { SendResult, Sink } from '../../../runner/sink/sink.ts'

const NEVER = new AbortController().signal
const BODY = gzipSync('m f=1 1')
/** Large enough not to fit into the buffers of a loopback connection. */
const LARGE = gzipSync(randomBytes(8 * 1024 ** 2))

/** A server that does with each connection what the test says, byte by byte. */
async function openRaw(onConnection: (socket: Socket, index: number) => void): Promise<string> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    onConnection(socket, sockets.size)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy()
    server.close()
    await once(server, 'close')
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function openSink(url: string, deadlineMs: number): Promise<Sink> {
  const sink = await openHttpSink({ url, query: {}, secrets: [], deadlineMs })
  onTestFinished(() => sink.close())
  return sink
}

function send(sink: Sink, body: Uint8Array = BODY): Promise<SendResult> {
  return sink.send({ batchId: 1, category: 'metric', points: 1, body }, NEVER)
}

/** Sends this many bytes of a text, one every few milliseconds, and never the rest. */
function drip(socket: Socket, text: string): void {
  let sent = 0
  const timer = setInterval(() => {
    if (sent < text.length - 1) socket.write(text.charAt(sent))
    sent += 1
  }, 5)
  socket.on('close', () => clearInterval(timer))
}

const ACCEPT = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'

describe('a sink that', () => {
  it.each([
    ['takes the connection and says nothing', (socket: Socket) => socket.resume()],
    ['reads nothing', (socket: Socket) => socket.pause()],
    [
      'drips its headers without end',
      (socket: Socket) => drip(socket, `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(9_000)}`),
    ],
  ])('%s is given up at the deadline, and asked again later', async (_title, behave) => {
    const url = await openRaw((socket) => {
      behave(socket)
    })
    const result = await send(await openSink(url, 300), LARGE)
    expect(result).toEqual({ kind: 'retry', reason: `${url} gave no answer within 0.3 s` })
  })

  it('goes silent on an open connection is given up, and reached again on a new one', async () => {
    const url = await openRaw((socket, index) => {
      if (index === 1) socket.once('data', () => socket.write(ACCEPT))
      else socket.on('data', () => socket.write(ACCEPT))
    })
    // Enough for an answer that comes at once, on a machine that is busy.
    const sink = await openSink(url, 3_000)
    expect(await send(sink)).toEqual({ kind: 'accepted' })
    expect(await send(sink)).toMatchObject({ kind: 'retry' })
    expect(await send(sink)).toEqual({ kind: 'accepted' })
  })

  it('hangs up without an answer gets the same bytes again', async () => {
    const seen: Buffer[][] = []
    const url = await openRaw((socket, index) => {
      const chunks: Buffer[] = []
      seen.push(chunks)
      socket.on('data', (chunk: Buffer) => {
        chunks.push(chunk)
        if (!Buffer.concat(chunks).includes(BODY)) return
        if (index === 1) socket.destroy()
        else socket.write(ACCEPT)
      })
    })
    const sink = await openSink(url, 20_000)
    expect(await send(sink)).toMatchObject({ kind: 'retry' })
    expect(await send(sink)).toEqual({ kind: 'accepted' })
    const [first, second] = seen.map((chunks) => Buffer.concat(chunks).toString('latin1'))
    expect(second).toBe(first)
  })

  it('says 200 and then drips its body is believed at once, and holds up nothing behind it', async () => {
    const url = await openRaw((socket) => {
      socket.on('data', () => {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n')
        drip(socket, 'x'.repeat(1_000_000))
      })
    })
    const sink = await openSink(url, 20_000)
    const startMs = performance.now()
    expect(await send(sink)).toEqual({ kind: 'accepted' })
    expect(await send(sink)).toEqual({ kind: 'accepted' })
    expect(performance.now() - startMs).toBeLessThan(18_000)
  })

  it('says 400 and hangs up in the middle of why is understood', async () => {
    const url = await openRaw((socket) => {
      socket.on('data', () => {
        socket.write('HTTP/1.1 400 Bad Request\r\nContent-Length: 500\r\n\r\n{"error_code":"datakit.inv')
        setTimeout(() => socket.destroy(), 50)
      })
    })
    const result = await send(await openSink(url, 20_000))
    expect(result).toMatchObject({ kind: 'bad-lines', reason: '400 {"error_code":"datakit.inv' })
  })

  it('refuses a body as too large before it has read it is understood', async () => {
    const url = await openRaw((socket) => {
      socket.once('data', () => {
        socket.write('HTTP/1.1 413 Too Large\r\nContent-Length: 4\r\nConnection: close\r\n\r\nmuch')
      })
    })
    expect(await send(await openSink(url, 20_000), LARGE)).toEqual({ kind: 'too-large', reason: '413 much' })
  })

  it('does not speak HTTP is asked again, and said so', async () => {
    const url = await openRaw((socket) => socket.write('SSH-2.0-OpenSSH_9.6\r\n'))
    expect(await send(await openSink(url, 20_000))).toMatchObject({
      kind: 'retry',
      reason: expect.stringContaining('answers something that is not HTTP') as string,
    })
  })

  it('answers with a web page has not taken anything', async () => {
    const page = '<!DOCTYPE html><html><body>Please log in</body></html>'
    const url = await openRaw((socket) => {
      socket.on('data', () =>
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${page.length}\r\n\r\n${page}`),
      )
    })
    expect(await send(await openSink(url, 20_000))).toMatchObject({
      kind: 'stopped',
      reason: expect.stringContaining('login page') as string,
    })
  })
})

describe('a reason', () => {
  const TOKEN = 'tkn_0123456789abcdef'

  async function reasonOf(body: string, secrets: readonly string[] = [TOKEN]): Promise<string> {
    const answer = `HTTP/1.1 500 Oops\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
    const url = await openRaw((socket) => socket.on('data', () => socket.write(answer)))
    const sink = await openHttpSink({ url, query: {}, secrets })
    onTestFinished(() => sink.close())
    const result = await send(sink)
    return result.kind === 'accepted' ? '' : result.reason
  }

  it('shows no part of a token, wherever the cut falls', async () => {
    for (const before of [0, 270, 285, 290, 294, 295, 299]) {
      const reason = await reasonOf(`${'x'.repeat(before)}${TOKEN}`)
      expect(reason).not.toContain('tkn_')
      expect(reason.length).toBeLessThanOrEqual(300)
    }
  })

  it('shows no token that nobody told it of, in a URL, a header or as a key', async () => {
    const said = `POST /v1/write/metric?token=abc123def&x=1 Authorization: Bearer abcdefghijklmnop denied`
    expect(await reasonOf(said, [])).toBe(
      '500 POST /v1/write/metric?token=*****&x=1 Authorization: Bearer ***** denied',
    )
  })

  it('is one line that drives no terminal', async () => {
    expect(await reasonOf('bad\n\u001b[31mred\u001b[0m\u202ereversed')).toBe(
      String.raw`500 bad \x1b[31mred\x1b[0m\u202ereversed`,
    )
  })
})
