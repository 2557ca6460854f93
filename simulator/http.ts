import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'

/** A request, read whole. */
export interface Request {
  readonly method: string
  /** As it stood in the request line, still encoded: a signature covers these bytes. */
  readonly rawPath: string
  readonly query: URLSearchParams
  readonly rawQuery: string
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** An answer. `hang` never comes; `close` cuts the connection. */
export type Reply =
  | {
      readonly kind: 'answer'
      readonly status: number
      readonly headers: Readonly<Record<string, string>>
      readonly body: string
      /** The connection breaks after half of the body. */
      readonly isCut?: boolean
      /** Half of the body comes, and then nothing more. */
      readonly isStalled?: boolean
    }
  | { readonly kind: 'hang' }
  | { readonly kind: 'close' }

/** Above this a body is not even read: nothing a client sends here comes near it. */
const MAX_READ_BYTES = 128 * 1024 * 1024

/** Reads a request to its end. Rejects when the connection breaks, or above 128 MiB. */
export async function readRequest(message: IncomingMessage): Promise<Request> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of message) {
    // An IncomingMessage without an encoding yields Buffers only.
    const buffer = chunk as Buffer
    bytes += buffer.length
    if (bytes > MAX_READ_BYTES) throw new Error(`a request body of more than ${MAX_READ_BYTES} bytes`)
    chunks.push(buffer)
  }
  const url = message.url ?? '/'
  const mark = url.indexOf('?')
  const rawQuery = mark < 0 ? '' : url.slice(mark + 1)
  return {
    method: message.method ?? 'GET',
    rawPath: mark < 0 ? url : url.slice(0, mark),
    rawQuery,
    query: new URLSearchParams(rawQuery),
    headers: message.headers,
    body: Buffer.concat(chunks),
  }
}

/** The first value of a header; empty when absent. */
export function headerOf(headers: IncomingHttpHeaders, name: string): string {
  const value = headers[name]
  return (Array.isArray(value) ? value[0] : value) ?? ''
}

/** An answer with a JSON body. */
export function jsonReply(
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): Reply {
  return {
    kind: 'answer',
    status,
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(value),
  }
}

/** Writes a reply; `date` follows the simulator's clock, because clients settle minutes and correct clock skew by it. */
export function writeReply(response: ServerResponse, reply: Reply, nowMs: number): void {
  if (reply.kind === 'hang') return
  if (reply.kind === 'close') {
    response.socket?.destroy()
    return
  }
  const length = String(Buffer.byteLength(reply.body))
  const headers = { ...reply.headers, date: new Date(nowMs).toUTCString(), 'content-length': length }
  response.writeHead(reply.status, headers)
  const half = reply.body.slice(0, reply.body.length / 2)
  if (reply.isCut) response.write(half, () => response.socket?.destroy())
  else if (reply.isStalled) response.write(half)
  else response.end(reply.body)
}
