import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { gunzipSync } from 'node:zlib'
import { parseLines } from '../../simulator/receiver/line-protocol.generated.ts'
import { parsePlainLines } from '../../simulator/receiver/plain-line.ts'
import { createRandom, type Random } from '../../simulator/truth/random.ts'

/** What happens to a request that fails: nothing of it is kept but in the last case, where only the answer is lost. */
const FAILURES = ['503', '429', 'reset', 'reply lost'] as const
type Failure = (typeof FAILURES)[number]

/** Long enough for the signal to arrive on a busy machine; a host that was not killed after all gets its answer then. */
const AIM_HOLD_MS = 500

interface Acceptance {
  /** How many kills there had been. */
  readonly epoch: number
  readonly isReplyLost: boolean
}

/** One line once accepted: in which body, with which values. */
interface Published {
  readonly body: string
  readonly values: string
}

/** What came of everything that was ever accepted. */
export interface SinkVerdict {
  readonly requests: number
  readonly failed: number
  readonly accepted: number
  /** Bodies that came again although their first answer was given: what a kill leaves unknown to the host. */
  readonly ambiguousBatches: number
  /** The most of them that one kill left. */
  readonly mostPerKill: number
  /** Lines of metrics that came twice with other values. */
  readonly duplicatesDiffering: number
  /** Lines of metrics that came again in another body, whatever their values. */
  readonly publishedAgain: number
}

async function readBody(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of message as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** A DataKit in front of another one that fails so many of its requests, by seed, and remembers what it accepted. */
export class UnreliableSink {
  /** Share of requests that fail, 0 to 1. */
  failShare: number
  /** Answers 503 to everything while it is true, as a sink that is down. */
  isDown = false
  /** How many kills there have been; the test counts it up. */
  epoch = 0
  #aims: (() => void)[] = []
  readonly #target: string
  readonly #random: Random
  readonly #server: Server
  readonly #accepted = new Map<string, Acceptance[]>()
  readonly #published = new Map<string, Published>()
  #requests = 0
  #failed = 0
  #differing = 0
  #again = 0

  private constructor(target: string, { seed, failShare }: { seed: number; failShare: number }) {
    this.#target = target
    this.#random = createRandom(seed)
    this.failShare = failShare
    this.#server = createServer((request, response) => void this.#serve(request, response))
  }

  static async open(target: string, options: { seed: number; failShare: number }): Promise<UnreliableSink> {
    const sink = new UnreliableSink(target, options)
    await new Promise<void>((resolve) => void sink.#server.listen(0, '127.0.0.1', resolve))
    return sink
  }

  get url(): string {
    // A TCP server's address is an AddressInfo; only pipes have a string.
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Resolves at the next acceptance, whose answer then comes late: a kill now leaves the host without it. */
  nextAcceptance(): Promise<void> {
    return new Promise((resolve) => void this.#aims.push(resolve))
  }

  verdict(): SinkVerdict {
    const perKill = new Map<number, number>()
    let accepted = 0
    for (const acceptances of this.#accepted.values()) {
      accepted += acceptances.length
      for (const { epoch, isReplyLost } of acceptances.slice(0, -1)) {
        if (!isReplyLost) perKill.set(epoch, (perKill.get(epoch) ?? 0) + 1)
      }
    }
    const counts = [...perKill.values()]
    return {
      requests: this.#requests,
      failed: this.#failed,
      accepted,
      ambiguousBatches: counts.reduce((sum, count) => sum + count, 0),
      mostPerKill: Math.max(0, ...counts),
      duplicatesDiffering: this.#differing,
      publishedAgain: this.#again,
    }
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise<void>((resolve) => void this.#server.close(() => resolve()))
  }

  #drawFailure(): Failure | undefined {
    if (this.isDown) return '503'
    if (this.#random() >= this.failShare) return undefined
    return FAILURES[Math.floor(this.#random() * FAILURES.length)]
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const body = await readBody(request)
      this.#requests += 1
      const failure = this.#drawFailure()
      if (failure !== undefined) this.#failed += 1
      if (failure === undefined || failure === 'reply lost')
        await this.#forward(request, response, { body, failure })
      else if (failure === 'reset') request.socket.destroy()
      else response.writeHead(Number(failure), failure === '429' ? { 'retry-after': '0' } : {}).end('{}')
    } catch {
      // The host was killed in the middle of its request, or the simulator is gone: nothing was accepted.
      response.destroy()
    }
  }

  async #forward(
    { url, headers }: IncomingMessage,
    response: ServerResponse,
    { body, failure }: { readonly body: Buffer; readonly failure: Failure | undefined },
  ): Promise<void> {
    const answer = await fetch(`${this.#target}${url}`, {
      method: 'POST',
      headers: { 'content-encoding': headers['content-encoding'] ?? 'identity' },
      body: new Uint8Array(body),
    })
    const text = await answer.text()
    if (answer.ok) this.#remember(url ?? '', body, failure !== undefined)
    if (failure !== undefined) {
      response.destroy()
      return
    }
    if (answer.ok) await this.#holdForAim()
    response.writeHead(answer.status).end(text)
  }

  async #holdForAim(): Promise<void> {
    if (this.#aims.length === 0) return
    for (const resolve of this.#aims.splice(0)) resolve()
    await wait(AIM_HOLD_MS)
  }

  #remember(url: string, body: Buffer, isReplyLost: boolean): void {
    const name = createHash('sha256').update(body).digest('base64')
    const acceptances = this.#accepted.get(name) ?? []
    acceptances.push({ epoch: this.epoch, isReplyLost })
    this.#accepted.set(name, acceptances)
    // Objects are written again at each poll; a metric's minute never.
    if (acceptances.length > 1 || !url.includes('/metric?')) return
    const text = gunzipSync(body).toString('utf8')
    for (const { measurement, tags, fields, time } of parsePlainLines(text) ?? parseLines(text)) {
      this.#compare(JSON.stringify([measurement, tags, String(time)]), {
        body: name,
        values: fields.join('|'),
      })
    }
  }

  #compare(key: string, line: Published): void {
    const digest = createHash('sha256').update(key).digest('base64').slice(0, 24)
    const before = this.#published.get(digest)
    if (before === undefined) {
      this.#published.set(digest, line)
      return
    }
    this.#again += 1
    if (before.values !== line.values) this.#differing += 1
  }
}
