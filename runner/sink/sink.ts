import type { Category } from '../../core/point.ts'

/** What a sink gets of a batch: bytes that never change between attempts. */
export interface SinkBatch {
  readonly batchId: number
  readonly category: Category
  readonly points: number
  /** gzip of line protocol */
  readonly body: Uint8Array
}

/** What became of a batch. Reasons are one line for a person and never hold a token. */
export type SendResult =
  | { readonly kind: 'accepted' }
  /** Not now: network, 429, 5xx. */
  | { readonly kind: 'retry'; readonly reason: string; readonly retryAfterMs?: number }
  /** The body must be smaller (413). */
  | { readonly kind: 'too-large'; readonly reason: string }
  /** At least one line is refused, and so nothing of the body was kept (400). */
  | { readonly kind: 'bad-lines'; readonly reason: string }
  /** Refused for good, whatever the lines. */
  | { readonly kind: 'rejected'; readonly reason: string }
  /** The way is closed until somebody acts: wrong token, quota used up, wrong address. Every batch is kept. */
  | {
      readonly kind: 'stopped'
      readonly reason: string
      /** Nobody answered: the way there is closed. */
      readonly isUnreached?: true
    }

/** Delivery contract. `send` does not reject: whatever happens is a result. */
export interface Sink {
  send(batch: SinkBatch, signal: AbortSignal): Promise<SendResult>
  close(): Promise<void>
}
