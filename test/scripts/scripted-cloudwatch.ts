import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A reply as JSON, or a status with any body. */
export type ScriptedReply = object | { readonly status: number; readonly body: string }

/** A call by the name of its operation, with its input as JSON. */
export interface ScriptedCall {
  readonly target: string
  readonly input: Record<string, unknown>
}

function parseReply(reply: ScriptedReply): { readonly status: number; readonly body: string } {
  return 'status' in reply && 'body' in reply ? reply : { status: 200, body: JSON.stringify(reply) }
}

export interface ScriptedCloudwatch {
  /** Request bodies in the order in which they came. */
  readonly asked: readonly ScriptedCall[]
  close(): Promise<void>
}

async function readBody(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of message) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

/** An HTTP server that gives these replies in turn and then what `otherwise` says, empty ones by default: for what the simulator does not say, such as a garbled page. */
export async function startScriptedCloudwatch(
  replies: readonly ScriptedReply[],
  otherwise: (call: ScriptedCall) => ScriptedReply = () => ({ Metrics: [], MetricDataResults: [] }),
): Promise<ScriptedCloudwatch> {
  const waiting = [...replies]
  const asked: ScriptedCall[] = []
  const answer = async (message: IncomingMessage, response: ServerResponse): Promise<void> => {
    const target = String(message.headers['x-amz-target']).split('.')[1] ?? ''
    const call = { target, input: JSON.parse(await readBody(message)) as Record<string, unknown> }
    asked.push(call)
    const { status, body } = parseReply(waiting.shift() ?? otherwise(call))
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' }).end(body)
  }
  const server = createServer((message, response) => void answer(message, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  process.env['AWS_ENDPOINT_URL'] = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    asked,
    close: async () => {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}
