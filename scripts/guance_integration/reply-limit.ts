import { pipeline, Readable, Transform, type TransformCallback } from 'node:stream'

/** A page of GetMetricData with every value it may hold is some 5 MB, one of ListFunctions under 1 MB. */
const MAX_REPLY_BYTES = 64 * 1024 ** 2
/** From the status line to the last byte; a page takes about a second. The SDK's own limits end with the status line. */
const REPLY_DEADLINE_MS = 60_000

export interface ReplyLimits {
  readonly maxBytes: number
  readonly deadlineMs: number
}

const LIMITS: ReplyLimits = { maxBytes: MAX_REPLY_BYTES, deadlineMs: REPLY_DEADLINE_MS }

function limitError(name: string, message: string): Error {
  return Object.assign(new Error(message), { name })
}

/** Passes bytes on until there are too many or they take too long; then the stream fails, and its connection is closed. */
class Limited extends Transform {
  readonly #maxBytes: number
  readonly #timer: NodeJS.Timeout
  #bytes = 0

  constructor({ maxBytes, deadlineMs }: ReplyLimits) {
    super()
    this.#maxBytes = maxBytes
    // Names that the SDK and we take for transient.
    const late = (): Error =>
      limitError('TimeoutError', `the reply did not end within ${deadlineMs / 1_000} s`)
    this.#timer = setTimeout(() => this.destroy(late()), deadlineMs)
    this.once('close', () => clearTimeout(this.#timer))
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#bytes += chunk.byteLength
    if (this.#bytes <= this.#maxBytes) return done(null, chunk)
    done(limitError('SyntaxError', `the reply is longer than ${this.#maxBytes} bytes`))
  }
}

/** SDK middleware next to the network: without it a reply that drips, or never ends, holds its task to the deadline of an hour. */
export function limitReply(limits: ReplyLimits = LIMITS) {
  return <Args, Result extends { readonly response: unknown }>(next: (args: Args) => Promise<Result>) =>
    async (args: Args): Promise<Result> => {
      const result = await next(args)
      const response = result.response as { body?: unknown } | undefined
      const body = response?.body
      // The error reaches whoever reads the limited stream; here there is nothing to do with it.
      if (response !== undefined && body instanceof Readable) {
        response.body = pipeline(body, new Limited(limits), () => undefined)
      }
      return result
    }
}
