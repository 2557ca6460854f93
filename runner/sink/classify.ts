import type { IncomingHttpHeaders } from 'node:http'
import { HOUR_MS, SECOND_MS } from '../../core/time.ts'
import { makePrintable } from '../task/printable.ts'
import type { SendResult } from './sink.ts'

/** A reason is one line of a table. */
const MAX_REASON = 300
/** How a page that a person is to look at begins; no DataKit or DataWay answers a write with one. */
const HTML_PAGE = /^\s*<(!doctype html|html|head|body|meta|script)\b/i
/** A sink may ask for patience, not for silence until next year. */
const MAX_RETRY_AFTER_MS = HOUR_MS

/** 400s of DataKit that are about the request and not about one of its lines (guance.md §6.4). */
const NOT_ABOUT_LINES: ReadonlySet<string> = new Set([
  'datakit.invalidCategory',
  'datakit.invalidPrecision',
  'datakit.emptyBody',
  'datakit.noPoints',
  'datakit.decodeBodyFailed',
])

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

/** `Retry-After` in milliseconds, as seconds or as a date (RFC 9110 §10.2.3); undefined when absent or unreadable. */
export function readRetryAfter(value: string | undefined, nowMs: number): number | undefined {
  if (value === undefined) return undefined
  const delayMs = /^\d+$/.test(value) ? Number(value) * SECOND_MS : Date.parse(value) - nowMs
  return Number.isNaN(delayMs) ? undefined : Math.min(Math.max(0, delayMs), MAX_RETRY_AFTER_MS)
}

interface ErrorBody {
  readonly code: string
  readonly message: string
}

/** `{"error_code","message"}` of DataKit and DataWay; any other text is its own message. */
function readErrorBody(text: string): ErrorBody {
  try {
    const body = JSON.parse(text) as { readonly error_code?: unknown; readonly message?: unknown } | null
    if (typeof body?.error_code === 'string') {
      return { code: body.error_code, message: typeof body.message === 'string' ? body.message : '' }
    }
  } catch {
    // A proxy's HTML page, or nothing.
  }
  return { code: '', message: text }
}

/** One line that a terminal can be shown, cut where a table needs it; secrets are hidden before. */
export function tidyReason(text: string): string {
  return makePrintable(text.replace(/\s+/g, ' ').trim()).slice(0, MAX_REASON).toWellFormed()
}

function formatReason(status: number, { code, message }: ErrorBody): string {
  const said = [code, message].filter((part) => part !== '').join(': ')
  return tidyReason(`${status} ${said}`)
}

/** A login page of a proxy or a hotel answers 200 to everything: nothing was delivered. */
function judgeSuccess(status: number, text: string): SendResult {
  if (!HTML_PAGE.test(text)) return { kind: 'accepted' }
  const reason = `${status} with a web page: something between, such as the login page of a proxy, answers in place of the sink`
  return { kind: 'stopped', reason }
}

/** What an answer of DataKit or DataWay means for the batch (guance.md §6.4, seen on DataKit 1.84). */
export function classifyAnswer({ status, headers, text }: Answer, nowMs: number = Date.now()): SendResult {
  if (status >= 200 && status < 300) return judgeSuccess(status, text)
  if (status >= 300 && status < 400) {
    return { kind: 'stopped', reason: `${status} redirect refused: set the connector to the final URL` }
  }
  const body = readErrorBody(text)
  const reason = formatReason(status, body)
  if (status === 408 || status === 425 || status === 429 || status >= 500) {
    const retryAfterMs = readRetryAfter(headers['retry-after'], nowMs)
    return retryAfterMs === undefined ? { kind: 'retry', reason } : { kind: 'retry', reason, retryAfterMs }
  }
  if (status === 413) return { kind: 'too-large', reason }
  if (status === 400) return { kind: NOT_ABOUT_LINES.has(body.code) ? 'rejected' : 'bad-lines', reason }
  if (status === 403 && text.includes('beyondDataUsage')) {
    return { kind: 'stopped', reason: `${reason} (the workspace has used up its quota)` }
  }
  // Wrong token, no access, or a server that is no DataKit: nothing is wrong with the points, so none may be lost.
  if (status === 401 || status === 403 || status === 404 || status === 405) return { kind: 'stopped', reason }
  return { kind: 'rejected', reason }
}
