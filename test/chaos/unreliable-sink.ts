import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { createRandom, type Random } from '../../simulator/truth/random.ts'
import { type JournalVerdict, SinkJournal } from './sink-journal.ts'

/** What happens to a request that fails: nothing of it is kept but in the last case, where only the answer is lost. */
const FAILURES = ['503', '429', 'reset', 'reply lost'] as const
type Failure = (typeof FAILURES)[number]

/** Long enough for the signal to arrive on a busy machine; a host that was not killed after all gets its answer then. */
const AIM_HOLD_MS = 500

export interface SinkOptions {
  readonly seed: number
  /** Share of requests that fail, 0 to 1. */
  readonly failShare: number
}

export interface SinkVerdict extends JournalVerdict {
  readonly requests: number
  readonly failed: number
}

async function readBody(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of message as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** A DataKit in front of another one that fails so many of its requests, by seed, and remembers what it accepted. */
export class UnreliableSink {
  failShare: number
  /** Answers 503 to everything while it is true, as a sink that is down. */
  isDown = false
  /** How many hosts there have been; counted up between the end of one and the start of the next. */
  generation = 0
  #aims: (() => void)[] = []
  readonly #target: string
  readonly #random: Random
  readonly #server: Server
  readonly #journal = new SinkJournal()
  /** By connection: what a host sent that is dead by now is still that host's. */
  readonly #generations = new WeakMap<object, number>()
  #requests = 0
  #failed = 0

  private constructor(target: string, { seed, failShare }: SinkOptions) {
    this.#target = target
    this.#random = createRandom(seed)
    this.failShare = failShare
    this.#server = createServer((request, response) => void this.#serve(request, response))
    this.#server.on('connection', (socket) => this.#generations.set(socket, this.generation))
  }

  static async open(target: string, options: SinkOptions): Promise<UnreliableSink> {
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
    return { requests: this.#requests, failed: this.#failed, ...this.#journal.verdict() }
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
    { url = '', headers, socket }: IncomingMessage,
    response: ServerResponse,
    { body, failure }: { readonly body: Buffer; readonly failure: Failure | undefined },
  ): Promise<void> {
    const answer = await fetch(`${this.#target}${url}`, {
      method: 'POST',
      headers: { 'content-encoding': headers['content-encoding'] ?? 'identity' },
      body: new Uint8Array(body),
    })
    const text = await answer.text()
    const category = /\/v1\/write\/(\w+)/.exec(url)?.[1] ?? ''
    const generation = this.#generations.get(socket) ?? this.generation
    const isReplyLost = failure !== undefined
    if (answer.ok) this.#journal.add({ category, body, generation, isReplyLost })
    if (isReplyLost) {
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
}
