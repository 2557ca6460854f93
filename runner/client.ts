import { SECOND_MS } from '../core/time.ts'
import { prepareHome } from './home-folder.ts'
import { type HomePaths, homePaths } from './home.ts'
import type { HostClient, HostEvent, HostMethods, MethodName } from './host-api.ts'
import { type Host, openHost } from './host.ts'
import { homeBusy, readOwner, tryOwn } from './owner.ts'
import { callSocket, HostGone } from './socket/client.ts'
import { sleep } from './wait.ts'

/** An owner that is just arriving or just leaving answers or is gone within this. */
const BETWEEN_OWNERS_MS = 3 * SECOND_MS
const RETRY_MS = 50

export interface ClientOptions {
  /** As the user typed it; whoever is refused is told. */
  readonly command: string
  /** Folder that holds marketplace.json and scripts/; default the package itself. */
  readonly marketRoot?: string
  /** Says what somebody should know who looks after this home. */
  readonly onWarning?: (text: string) => void
}

/** Any handler by name; inputs and outputs are joined again by the type of `call`. */
type AnyHandler = (
  input: unknown,
  onEvent: (event: HostEvent) => void,
  signal: AbortSignal,
) => Promise<unknown>

/** Owns the home where nobody does, else talks to who does; changes over when that one leaves between two calls. */
class HomeClient implements HostClient {
  readonly #paths: HomePaths
  readonly #options: ClientOptions
  readonly #closing = new AbortController()
  readonly #running = new Set<Promise<unknown>>()
  #host: Host | undefined

  constructor(paths: HomePaths, options: ClientOptions) {
    this.#paths = paths
    this.#options = options
  }

  /** Becomes the owner if nobody is. */
  async own(): Promise<void> {
    const owner = tryOwn(this.#paths, { mode: 'command', command: this.#options.command })
    if (owner !== undefined) this.#host = await openHost(owner, this.#paths, this.#options)
  }

  async call<Name extends MethodName>(
    name: Name,
    input: HostMethods[Name]['input'],
    onEvent: (event: HostEvent) => void = () => undefined,
  ): Promise<HostMethods[Name]['output']> {
    const running = this.#call(name, input, onEvent)
    this.#running.add(running)
    try {
      // The table of host-api.ts is what joins a method's input and output on both ways.
      return (await running) as HostMethods[Name]['output']
    } finally {
      this.#running.delete(running)
    }
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await Promise.allSettled(this.#running)
    await this.#host?.close()
    this.#host = undefined
  }

  async #call(name: MethodName, input: unknown, onEvent: (event: HostEvent) => void): Promise<unknown> {
    const { signal } = this.#closing
    const deadlineMs = Date.now() + BETWEEN_OWNERS_MS
    // In turn: each attempt finds either an owner that answers or a home without one.
    for (;;) {
      if (this.#host !== undefined) {
        return (this.#host.handlers[name] as AnyHandler)(input, onEvent, signal)
      }
      try {
        return await callSocket(this.#paths, { method: name, input }, onEvent, signal)
      } catch (error) {
        if (!(error instanceof HostGone)) throw error
        if (Date.now() > deadlineMs) {
          throw homeBusy(
            this.#paths,
            readOwner(this.#paths),
            'It does not answer: it is busy leaving. Try again in a minute.',
          )
        }
        await sleep(RETRY_MS, signal)
        signal.throwIfAborted()
        await this.own()
      }
    }
  }
}

/**
 * A host to talk to: this process when nobody owns the home (socket included, until `close`), else the owner over its
 * socket. Rejects with HOME_UNUSABLE; calls reject with HOME_BUSY when an owner does not answer. `close` interrupts
 * calls that are under way: a task that runs in this process ends, one that runs in another host goes on.
 */
export async function openClient(home: string, options: ClientOptions): Promise<HostClient> {
  const paths = homePaths(home)
  for (const word of prepareHome(paths)) options.onWarning?.(word)
  const client = new HomeClient(paths, options)
  await client.own()
  return client
}
