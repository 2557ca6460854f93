import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A reply as JSON, or a status with any body. */
export type ScriptedReply = object | { readonly status: number; readonly body: string }

function parseReply(reply: ScriptedReply): { readonly status: number; readonly body: string } {
  return 'status' in reply && 'body' in reply ? reply : { status: 200, body: JSON.stringify(reply) }
}

export interface AskedCall {
  /** `GetMetricData` of the JSON protocol, `GET /2015-03-31/functions` of the REST protocol. */
  readonly target: string
  /** From the scope of the signature, where AWS takes it from. */
  readonly region: string
  readonly input: Record<string, unknown>
  readonly query: URLSearchParams
}

export interface ScriptedCloudwatch {
  /** Calls in the order in which they came. */
  readonly asked: readonly AskedCall[]
  close(): Promise<void>
}

async function readCall(message: IncomingMessage): Promise<AskedCall> {
  const chunks: Buffer[] = []
  for await (const chunk of message) chunks.push(chunk as Buffer)
  const body = Buffer.concat(chunks).toString()
  const target = message.headers['x-amz-target']
  return {
    target:
      typeof target === 'string'
        ? (target.split('.')[1] ?? '')
        : `${message.method ?? ''} ${message.url?.split('?')[0] ?? ''}`,
    region: /Credential=[^/]+\/\d{8}\/([^/]+)\//.exec(message.headers.authorization ?? '')?.[1] ?? '',
    input: (body === '' ? {} : JSON.parse(body)) as Record<string, unknown>,
    query: new URLSearchParams(message.url?.split('?')[1] ?? ''),
  }
}

function answerInTurn(replies: readonly ScriptedReply[]): Answer {
  const waiting = [...replies]
  return () => waiting.shift() ?? { Metrics: [], MetricDataResults: [] }
}

type Answer = (call: AskedCall) => ScriptedReply

/**
 * An HTTP server that gives these replies in turn and then empty ones, for what the simulator does not say, such as a
 * garbled page; or one that answers each call by what it asks. An answer that throws is refused as AWS refuses input.
 */
export async function startScriptedCloudwatch(
  replies: readonly ScriptedReply[] | Answer,
): Promise<ScriptedCloudwatch> {
  const answerTo = typeof replies === 'function' ? replies : answerInTurn(replies)
  const asked: AskedCall[] = []
  const tryAnswer = (call: AskedCall): ScriptedReply => {
    try {
      return answerTo(call)
    } catch (error) {
      return { status: 400, body: JSON.stringify({ __type: 'ValidationException', message: String(error) }) }
    }
  }
  const answer = async (message: IncomingMessage, response: ServerResponse): Promise<void> => {
    const call = await readCall(message)
    asked.push(call)
    const { status, body } = parseReply(tryAnswer(call))
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
