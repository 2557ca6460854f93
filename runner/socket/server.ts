import { chmodSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { coerceError, DffError } from '../../core/error.ts'
import { homeUnusable } from '../home-folder.ts'
import type { HomePaths } from '../home.ts'
import type { HostEvent, HostHandlers, MethodName } from '../host-api.ts'
import { PACKAGE_VERSION } from '../package.ts'
import { prepareSocketFolder } from './folder.ts'
import { type Call, type Frame, MAX_CALL_BYTES, VERSION_HEADER } from './frame.ts'
import { isToken, writeToken } from './token.ts'

export interface SocketServer {
  /** Stops listening, then waits until every call that is under way has been answered. */
  close(): Promise<void>
}

/** Any method of the table by its name: the socket passes inputs through, the CLI of the same version made them. */
type AnyHandler = (
  input: unknown,
  onEvent: (event: HostEvent) => void,
  signal: AbortSignal,
) => Promise<unknown>

async function readCall(request: IncomingMessage): Promise<Call> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > MAX_CALL_BYTES) throw new Error(`the call is larger than ${MAX_CALL_BYTES} bytes`)
    chunks.push(chunk)
  }
  return JSON.parse(Buffer.concat(chunks).toString('utf8')) as Call
}

function findHandler(handlers: HostHandlers, method: string): AnyHandler {
  if (Object.hasOwn(handlers, method)) return handlers[method as MethodName] as AnyHandler
  throw new DffError({
    code: 'BAD_USAGE',
    place: 'host socket',
    expected: 'a method of this host',
    got: method,
    remedy: 'Use the dff command of the same version as the host.',
  })
}

async function answer(
  handlers: HostHandlers,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const write = (frame: Frame): void => {
    if (!response.destroyed) response.write(`${JSON.stringify(frame)}\n`)
  }
  const gone = new AbortController()
  response.on('close', () => {
    if (!response.writableFinished) gone.abort()
  })
  response.writeHead(200, { 'content-type': 'application/x-ndjson', [VERSION_HEADER]: PACKAGE_VERSION })
  response.flushHeaders()
  try {
    const call = await readCall(request)
    const result = await findHandler(handlers, call.method)(
      call.input,
      (event) => write({ event }),
      gone.signal,
    )
    write({ result })
  } catch (error) {
    write({ error: coerceError(error, 'host').parts })
  }
  response.end()
}

/** Refuses whoever lacks the token or runs another version; undefined when the request may go on. */
function refuse(request: IncomingMessage, token: string): { status: number; text: string } | undefined {
  const given = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? ''
  if (!isToken(given, token)) return { status: 401, text: 'wrong token' }
  if (request.headers[VERSION_HEADER] !== PACKAGE_VERSION) return { status: 409, text: PACKAGE_VERSION }
  if (request.method !== 'POST' || request.url !== '/call') return { status: 404, text: 'POST /call only' }
  return undefined
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(homeUnusable(path, error)))
    server.listen(path, resolve)
  })
}

/** Serves the handlers on the home's socket; only the owner of the home may call this, because it replaces a stale socket. */
export async function serveSocket(paths: HomePaths, handlers: HostHandlers): Promise<SocketServer> {
  prepareSocketFolder(paths)
  rmSync(paths.socket, { force: true })
  const token = writeToken(paths.socketToken)
  const running = new Set<Promise<void>>()
  const server = createServer((request, response) => {
    const refusal = refuse(request, token)
    if (refusal !== undefined) {
      response.writeHead(refusal.status, { connection: 'close' }).end(refusal.text)
      return
    }
    const call = answer(handlers, request, response).finally(() => running.delete(call))
    running.add(call)
  })
  await listen(server, paths.socket)
  chmodSync(paths.socket, 0o600)
  return {
    close: async () => {
      rmSync(paths.socketToken, { force: true })
      const closed = new Promise<void>((resolve) => void server.close(() => resolve()))
      await Promise.all(running)
      server.closeAllConnections()
      await closed
      rmSync(paths.socket, { force: true })
    },
  }
}
