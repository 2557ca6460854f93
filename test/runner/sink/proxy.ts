import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'

/** A proxy on loopback that knows CONNECT alone, and leads every tunnel to one port of this machine. */
export interface TunnelProxy {
  /** `http://127.0.0.1:PORT` */
  readonly url: string
  /** `HOST:PORT` of each tunnel asked for, with the credentials that came along. */
  readonly asked: { readonly target: string; readonly authorization: string }[]
  /** Answered to CONNECT; 200 opens the tunnel. */
  status: number
  close(): Promise<void>
}

/** Opens a proxy whose tunnels all end at `port`. */
export async function openTunnelProxy(port: number): Promise<TunnelProxy> {
  const sockets = new Set<Socket>()
  const asked: { target: string; authorization: string }[] = []
  const proxy = { status: 200, asked }
  const server = createServer((_request, response) => response.writeHead(405).end())
  server.on('connection', (socket) => sockets.add(socket))
  server.on('connect', (request, client: Socket) => {
    asked.push({ target: request.url ?? '', authorization: request.headers['proxy-authorization'] ?? '' })
    client.on('error', () => undefined)
    if (proxy.status !== 200) {
      client.end(`HTTP/1.1 ${proxy.status} No\r\nContent-Length: 0\r\n\r\n`)
      return
    }
    const upstream = connect(port, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n')
      upstream.pipe(client).pipe(upstream)
    })
    sockets.add(upstream)
    upstream.on('error', () => client.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return Object.assign(proxy, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  })
}
