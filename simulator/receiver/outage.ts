import { jsonReply, type Reply } from '../http.ts'

/** What the receiver answers instead of working. */
export interface Outage {
  readonly kind: 'status' | 'hang' | 'close'
  /** For `status`: what is answered. */
  readonly status: number
  readonly errorCode: string
  /** Sent as `Retry-After` when given. */
  readonly retryAfterSec: number | undefined
  /** How many requests; Infinity until it is taken back. */
  readonly times: number
}

/** The receiver's moods, as the control API sets them. */
export interface Outages {
  /** Larger bodies, as they come over the wire, are answered 413. */
  maxBodyBytes: number
  current(): Outage | undefined
  set(outage: Outage | undefined): void
  /** The answer to this request during an outage; undefined when there is none. */
  take(): Reply | undefined
}

/** nginx in front of a DataWay allows some 10 MiB; DataKit itself sends at most 1 MiB. */
export const DEFAULT_MAX_BODY_BYTES = 10 * 1024 * 1024

function replyOf({ kind, status, errorCode, retryAfterSec }: Outage): Reply {
  if (kind !== 'status') return { kind }
  const headers = retryAfterSec === undefined ? {} : { 'retry-after': String(retryAfterSec) }
  return jsonReply(
    status,
    { error_code: errorCode, message: `the simulator was told to answer ${status}` },
    headers,
  )
}

/** Creates a receiver's moods: none. */
export function createOutages(): Outages {
  let current: Outage | undefined
  return {
    maxBodyBytes: DEFAULT_MAX_BODY_BYTES,
    current: () => current,
    set(outage) {
      current = outage
    },
    take() {
      if (current === undefined) return undefined
      const reply = replyOf(current)
      current = current.times > 1 ? { ...current, times: current.times - 1 } : undefined
      return reply
    },
  }
}
