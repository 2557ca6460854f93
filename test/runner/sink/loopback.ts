import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'
import type { Certificate } from './certificate.ts'

export interface SeenRequest {
  readonly method: string
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  readonly text: string
}

export interface Answer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** What to answer; `hang` never does. */
export type Answerer = (request: SeenRequest) => Answer | 'hang' | Promise<Answer>

export interface Loopback {
  readonly url: string
  readonly seen: SeenRequest[]
  answer: Answerer
  close(): Promise<void>
}

async function respond(response: ServerResponse, answer: ReturnType<Answerer>): Promise<void> {
  const reply = await answer
  if (reply === 'hang') return
  response.writeHead(reply.status, reply.headers).end(reply.body)
}

/** A real HTTP server on loopback that remembers what it was sent; with a certificate it speaks TLS. */
export async function openLoopback(
  answer: Answerer = () => ({ status: 200 }),
  certificate?: Certificate,
): Promise<Loopback> {
  const seen: SeenRequest[] = []
  const loopback = { answer, seen }
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks)
      // 0x1f starts a gzip member; a body that only claims to be one is shown as it came.
      const text = (body[0] === 0x1f ? gunzipSync(body) : body).toString('utf8')
      const one = {
        method: request.method ?? '',
        url: request.url ?? '',
        headers: request.headers,
        body,
        text,
      }
      seen.push(one)
      void respond(response, loopback.answer(one))
    })
  }
  const server = certificate === undefined ? createServer(listener) : createTlsServer(certificate, listener)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return Object.assign(loopback, {
    url: `${certificate === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  })
}
