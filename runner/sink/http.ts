import { createHash } from 'node:crypto'
import { lookup, type LookupAddress, type LookupOptions } from 'node:dns'
import type { Dispatcher } from 'undici'
import { SECOND_MS } from '../../core/time.ts'
import { refuseAddress } from './address.ts'
import { createMask, type Mask } from '../task/mask.ts'
import { classifyAnswer, tidyReason } from './classify.ts'
import { describeFailure, REFUSED_ADDRESS } from './request-failure.ts'
import { isLoopbackUrl, parseSinkUrl } from './url.ts'
import type { SendResult, Sink, SinkBatch } from './sink.ts'

/** Func gives up after 10 s (guance.md §6.2); a batch here is larger, and an answer that comes late is better than a second copy. */
const REQUEST_DEADLINE_MS = 30 * SECOND_MS
/** Longer than any error of DataKit; the rest of an answer from something else is not read. */
const MAX_ANSWER_BYTES = 16 * 1024
/** Once the status is known the rest is for people: a sink that drips it must not hold up the next batch. */
const BODY_DEADLINE_MS = 2 * SECOND_MS
const PACKAGE_ID_DIGITS = 24

export interface HttpSinkOptions {
  /** Base URL as configured. */
  readonly url: string
  /** Query arguments; one with an empty value is written without `=`. */
  readonly query: Readonly<Record<string, string>>
  /** Values that must not show in any reason. */
  readonly secrets: readonly string[]
  /** For a request with its answer; default 30 s. */
  readonly deadlineMs?: number
}

type LookupCallback = (
  error: NodeJS.ErrnoException | null,
  address: string | LookupAddress[],
  family?: number,
) => void

/** DNS that answers only with addresses that may be connected to: a name can change its mind after it was configured. */
function guardedLookup(protocol: string) {
  return (hostname: string, options: LookupOptions, callback: LookupCallback): void => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return callback(error, [])
      const refusal = addresses.map(({ address }) => refuseAddress(address, protocol)).find(Boolean)
      if (refusal !== undefined) {
        return callback(Object.assign(new Error(refusal), { code: REFUSED_ADDRESS }), [])
      }
      const first = addresses[0]
      return options.all === true || first === undefined
        ? callback(null, addresses)
        : callback(null, first.address, first.family)
    })
  }
}

/** At most the first 16 KiB of an answer, and what of it comes within two seconds: the status has been said before. */
export async function readBounded(body: Dispatcher.ResponseData['body']): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  const limit = setTimeout(() => body.destroy(), BODY_DEADLINE_MS)
  try {
    // Leaving the loop early destroys the stream, and with it the connection of whoever answers without end.
    for await (const chunk of body as AsyncIterable<Uint8Array>) {
      chunks.push(chunk)
      bytes += chunk.byteLength
      if (bytes > MAX_ANSWER_BYTES) break
    }
  } catch {
    // Cut off in the middle: what came is what was said.
  } finally {
    clearTimeout(limit)
  }
  return Buffer.concat(chunks).toString('utf8', 0, MAX_ANSWER_BYTES)
}

/** The same for the same bytes, so that a receiver can recognise a retry. */
function packageId(body: Uint8Array): string {
  return `dff-${createHash('sha256').update(body).digest('hex').slice(0, PACKAGE_ID_DIGITS)}`
}

function hideSecrets(result: SendResult, mask: Mask): SendResult {
  return result.kind === 'accepted' ? result : { ...result, reason: tidyReason(mask(result.reason)) }
}

function writePath(base: URL, category: string, query: Readonly<Record<string, string>>): string {
  const args = Object.entries(query).map(([key, value]) =>
    value === '' ? key : `${key}=${encodeURIComponent(value)}`,
  )
  return `${base.pathname.replace(/\/+$/, '')}/v1/write/${category}?${args.join('&')}`
}

/**
 * An HTTP client that connects through the proxy that HTTPS_PROXY, HTTP_PROXY and NO_PROXY name, and else by itself, which
 * is when names are guarded: behind a proxy only the proxy resolves them. This machine is never asked for at a proxy,
 * which is another one. One connection: a connector has one request in flight.
 */
export async function openAgent(base: URL): Promise<Dispatcher> {
  // Loaded here because it takes 70 ms that a command which sends nothing should not pay.
  const { Agent, EnvHttpProxyAgent } = await import('undici')
  const options = {
    connections: 1,
    allowH2: false,
    connect: { lookup: guardedLookup(base.protocol) },
  }
  return isLoopbackUrl(base) ? new Agent(options) : new EnvHttpProxyAgent(options)
}

/** A sink that posts gzip to `<url>/v1/write/<category>`. */
export async function openHttpSink(options: HttpSinkOptions): Promise<Sink> {
  const base = parseSinkUrl(options.url, 'connector: url')
  const agent = await openAgent(base)
  const mask = createMask(options.secrets)
  const { deadlineMs = REQUEST_DEADLINE_MS } = options
  async function post(batch: SinkBatch, signal: AbortSignal): Promise<SendResult> {
    const response = await agent.request({
      origin: base.origin,
      path: writePath(base, batch.category, options.query),
      method: 'POST',
      headers: {
        'content-type': 'text/plain; charset=utf-8',
        'content-encoding': 'gzip',
        'x-pkg-id': packageId(batch.body),
        'x-points': String(batch.points),
      },
      body: batch.body,
      signal: AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)]),
    })
    // Masked before anything cuts it: half a token would no longer be known as one.
    const text = mask.cut(await readBounded(response.body))
    return classifyAnswer({ status: response.statusCode, headers: response.headers, text })
  }
  return {
    async send(batch, signal) {
      const { origin } = base
      const result = await post(batch, signal).catch((error: unknown) =>
        describeFailure(error, { origin, deadlineMs }),
      )
      return hideSecrets(result, mask)
    },
    close: () => agent.close(),
  }
}
