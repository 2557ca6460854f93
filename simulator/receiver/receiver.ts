import { promisify } from 'node:util'
import { brotliDecompress, inflate, gunzip } from 'node:zlib'
import type { Clock } from '../clock.ts'
import type { Counters } from '../counters.ts'
import { headerOf, jsonReply, type Reply, type Request } from '../http.ts'
import { CATEGORIES, InvalidLineError, judgeLine, type JudgedLine } from './category-rules.ts'
import { echoJson, echoLine } from './echo.ts'
import { parseLines } from './line-protocol.generated.ts'
import { isPrecision, timeNsOf } from './line-time.ts'
import { createOutages, type Outages } from './outage.ts'
import type { ParsedLine } from './parsed-line.ts'
import { parsePlainLines } from './plain-line.ts'
import { createReceived, type Received } from './received.ts'
import type { Rewriting } from './rewriting.ts'

/** A loopback DataKit (no token needed) and DataWay (token required) in front of one store. */
export interface Receiver {
  readonly token: string
  readonly received: Received
  readonly outages: Outages
  /** Answers `/v1/write/<category>`. */
  write(request: Request, entrance: Entrance): Promise<Reply>
}

/** Through which product a body comes in. */
export type Entrance = 'datakit' | 'dataway'

/** Decoded bodies above this are refused: 64 MiB is 64 times what DataKit sends in one body. */
const MAX_DECODED_BYTES = 64 * 1024 * 1024

const DECODERS: Readonly<Record<string, (body: Buffer) => Promise<Buffer>>> = {
  gzip: (body) => promisify(gunzip)(body, { maxOutputLength: MAX_DECODED_BYTES }),
  deflate: (body) => promisify(inflate)(body, { maxOutputLength: MAX_DECODED_BYTES }),
  br: (body) => promisify(brotliDecompress)(body, { maxOutputLength: MAX_DECODED_BYTES }),
}

/** A body that is refused, with the status and the error code of DataKit. */
class Refusal extends Error {
  readonly status: number
  readonly code: string

  constructor(status: number, code: string, message: string) {
    super(message)
    this.name = 'Refusal'
    this.status = status
    this.code = code
  }
}

function checkToken(request: Request, entrance: Entrance, token: string): void {
  const given = request.query.get('token')
  if (given === token || (given === null && entrance === 'datakit')) return
  throw new Refusal(403, 'datakit.invalidToken', 'invalid token')
}

async function decode(request: Request): Promise<string> {
  const encoding = request.query.get('encoding') ?? headerOf(request.headers, 'content-encoding')
  if (encoding === '' || encoding === 'identity') return request.body.toString('utf8')
  const decoder = Object.hasOwn(DECODERS, encoding) ? DECODERS[encoding] : undefined
  if (!decoder) throw new Refusal(400, 'datakit.decodeBodyFailed', `unknown encoding ${encoding}`)
  try {
    return (await decoder(request.body)).toString('utf8')
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error)
    const isTooLarge = error instanceof RangeError
    throw isTooLarge
      ? new Refusal(413, 'datakit.bodyTooLarge', `the decoded body is larger than ${MAX_DECODED_BYTES} bytes`)
      : new Refusal(400, 'datakit.decodeBodyFailed', text)
  }
}

function parseBody(body: string): ParsedLine[] {
  try {
    return parsePlainLines(body) ?? parseLines(body)
  } catch (error) {
    const { location, message } = error as Error & { location?: { start: { line: number; column: number } } }
    const place = location ? `line ${location.start.line}, column ${location.start.column}: ` : ''
    throw new Refusal(400, 'datakit.invalidLinePoint', `${place}${message}`)
  }
}

function judge(
  lines: readonly ParsedLine[],
  request: Request,
  category: string,
  nowMs: number,
): JudgedLine[] {
  const precision = request.query.get('precision')
  return lines.map((line, index) => {
    try {
      return judgeLine(line, category, timeNsOf(line.time, precision, nowMs))
    } catch (error) {
      if (!(error instanceof InvalidLineError)) throw error
      throw new Refusal(400, 'datakit.invalidLinePoint', `point ${index + 1}: ${error.message}`)
    }
  })
}

function checkQuery(request: Request, category: string): void {
  if (request.method !== 'POST') throw new Refusal(404, 'datakit.notFound', 'only POST writes')
  if (!CATEGORIES.has(category))
    throw new Refusal(400, 'datakit.invalidCategory', `invalid category ${category}`)
  const precision = request.query.get('precision')
  if (precision !== null && !isPrecision(precision)) {
    throw new Refusal(400, 'datakit.invalidPrecision', `invalid precision ${precision}`)
  }
}

function echo(request: Request, judged: readonly JudgedLine[]): Reply {
  const points = judged.flatMap(({ point }) => (point ? [point] : []))
  const format = request.query.get('echo')
  if (format === 'lp') return jsonReply(200, { content: points.map(echoLine).join('\n') })
  if (format === 'json') return jsonReply(200, { content: points.map(echoJson) })
  return { kind: 'answer', status: 200, headers: {}, body: '' }
}

interface Surroundings {
  readonly clock: Clock
  readonly counters: Counters
}

class Writer implements Receiver {
  readonly token: string
  readonly received: Received
  readonly outages = createOutages()
  readonly #clock: Clock
  readonly #counters: Counters

  constructor(token: string, rewriting: Rewriting, { clock, counters }: Surroundings) {
    this.token = token
    this.received = createReceived(rewriting)
    this.#clock = clock
    this.#counters = counters
  }

  async write(request: Request, entrance: Entrance): Promise<Reply> {
    const count = this.#counters.receiver
    count.requests++
    count.bytes += request.body.length
    const outage = this.outages.take()
    if (outage) return outage
    try {
      const reply = await this.#accept(request, entrance)
      this.#counters.receiver.accepted++
      return reply
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      this.#counters.receiver.refused++
      return jsonReply(error.status, { error_code: error.code, message: error.message })
    }
  }

  async #accept(request: Request, entrance: Entrance): Promise<Reply> {
    const category = request.rawPath.split('/').at(-1) ?? ''
    checkToken(request, entrance, this.token)
    checkQuery(request, category)
    const { maxBodyBytes } = this.outages
    if (request.body.length > maxBodyBytes) {
      throw new Refusal(413, 'datakit.bodyTooLarge', `the body is larger than ${maxBodyBytes} bytes`)
    }
    const body = await decode(request)
    if (body === '') throw new Refusal(400, 'datakit.emptyBody', 'empty body')
    const lines = parseBody(body)
    if (lines.length === 0) throw new Refusal(400, 'datakit.noPoints', 'no points')
    const judged = judge(lines, request, category, this.#clock.nowMs())
    const warning = judged.flatMap(({ warnings }) => warnings)[0]
    if (request.query.has('strict') && warning) throw new Refusal(400, 'datakit.pointGotWarning', warning)
    if (!request.query.has('dry')) this.#keep(judged)
    return echo(request, judged)
  }

  #keep(judged: readonly JudgedLine[]): void {
    const nowMs = this.#clock.nowMs()
    for (const { point } of judged) {
      if (!point) continue
      this.received.add(point, nowMs)
      this.#counters.receiver.points++
    }
  }
}

/** Creates a receiver that accepts this token. */
export function createReceiver(token: string, rewriting: Rewriting, surroundings: Surroundings): Receiver {
  return new Writer(token, rewriting, surroundings)
}
