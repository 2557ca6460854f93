import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { coerceError, DffError } from '../../core/error.ts'
import { SECOND_MS } from '../../core/time.ts'
import { classifyAddress } from '../sink/address.ts'
import { CONTENT_TYPE } from './exposition.ts'
import type { Health } from './health.ts'

/** Where to serve: an address of this machine's loopback, and a port, 0 for any that is free. */
export interface EndpointAddress {
  readonly host: string
  readonly port: number
}

export interface EndpointPages {
  readonly metrics: () => Promise<string>
  readonly health: () => Promise<Health>
}

export interface Endpoint {
  /** `http://127.0.0.1:9464` */
  readonly url: string
  close(): Promise<void>
}

/** A scraper uses one connection; this many leave room for a few and for no flood. */
const MAX_CONNECTIONS = 32
/** A request here is a line and some headers. */
const REQUEST_TIMEOUT_MS = 10 * SECOND_MS

/** `[::1]` and `::1` are the same address. */
function stripBrackets(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1')
}

/**
 * The address to listen on; throws BAD_PARAMETER for one that others can reach. The page needs no password, because
 * only this machine sees it. `localhost` is not looked up: a hosts file can make it any address.
 */
export function loopbackAddress(host: string): string {
  const address = host === 'localhost' ? '127.0.0.1' : stripBrackets(host)
  if (classifyAddress(address) === 'loopback') return address
  throw new DffError({
    code: 'BAD_PARAMETER',
    place: '--metrics-host',
    expected: 'a loopback address, 127.0.0.1 or ::1',
    got: JSON.stringify(host),
    remedy:
      'The page has no password. For other machines put a proxy of your own in front that asks for one.',
  })
}

/** A web page in a browser of this machine can point a name of its own at 127.0.0.1; it cannot change the Host header. */
function isLocalName(header: string | undefined): boolean {
  if (header === undefined || !URL.canParse(`http://${header}`)) return false
  const name = stripBrackets(new URL(`http://${header}`).hostname)
  return name === 'localhost' || classifyAddress(name) === 'loopback'
}

interface Page {
  readonly status: number
  readonly type: string
  readonly text: string
}

function plain(status: number, text: string): Page {
  return { status, type: 'text/plain; charset=utf-8', text: `${text}\n` }
}

async function makePage({ method, url, headers }: IncomingMessage, pages: EndpointPages): Promise<Page> {
  if (!isLocalName(headers.host)) return plain(403, 'only as localhost or a loopback address')
  if (method !== 'GET' && method !== 'HEAD') return plain(405, 'GET only')
  const path = (url ?? '').split('?')[0]
  if (path === '/metrics') return { status: 200, type: CONTENT_TYPE, text: await pages.metrics() }
  if (path !== '/healthz') return plain(404, 'GET /metrics or /healthz')
  const health = await pages.health()
  const status = health.status === 'failed' ? 503 : 200
  return { status, type: 'application/json', text: `${JSON.stringify(health)}\n` }
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  pages: EndpointPages,
): Promise<void> {
  const { status, type, text } = await makePage(request, pages).catch((error: unknown) =>
    // A store in trouble: the scraper must see that there is nothing, not old or half figures.
    plain(503, coerceError(error, 'metrics').message),
  )
  if (response.destroyed) return
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' })
  response.end(request.method === 'HEAD' ? undefined : text)
}

function listen(server: Server, { host, port }: EndpointAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) =>
      reject(
        new DffError(
          {
            code: 'PORT_UNUSABLE',
            place: '--metrics-port',
            expected: `a port that this user may listen on at ${host}`,
            got: `${port} (${cause.code ?? cause.message})`,
            remedy: 'Choose another port, or stop what has it.',
          },
          { cause },
        ),
      ),
    )
    server.listen(port, host, resolve)
  })
}

/** Serves `/metrics` and `/healthz`; rejects with BAD_PARAMETER (not loopback) or PORT_UNUSABLE. */
export async function serveEndpoint(
  { host, port }: EndpointAddress,
  pages: EndpointPages,
): Promise<Endpoint> {
  const address = loopbackAddress(host)
  const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS }, (request, response) => {
    void answer(request, response, pages)
  })
  server.maxConnections = MAX_CONNECTIONS
  await listen(server, { host: address, port })
  // A TCP server's address is an AddressInfo; only pipes have a string.
  const bound = server.address() as AddressInfo
  return {
    url: `http://${bound.family === 'IPv6' ? `[${bound.address}]` : bound.address}:${bound.port}`,
    close: async () => {
      const closed = new Promise<void>((resolve) => void server.close(() => resolve()))
      server.closeAllConnections()
      await closed
    },
  }
}
