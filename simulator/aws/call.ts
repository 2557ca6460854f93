import type { Request } from '../http.ts'
import type { Simulation } from '../simulation.ts'
import { AwsError } from './error.ts'
import type { FaultKind } from './fault-kind.ts'
import type { Caller } from './identity.ts'

/** One authenticated call. */
export interface Call {
  readonly simulation: Simulation
  readonly caller: Caller
  readonly request: Request
  /** What is to go wrong inside a good answer. */
  readonly fault: FaultKind | undefined
}

/** Answers a call with the members of its result. Throws AwsError to refuse. */
export type Operation = (call: Call) => object

/** The members of a JSON request body. Throws when it is no JSON object. */
export function parseInput(call: Call): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(call.request.body.toString('utf8') || '{}')
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
  } catch {
    // Answered below, as AWS does for any body it cannot read.
  }
  throw new AwsError('malformed', 'The request body is not a JSON object')
}

/** A page of a list, and where the next one starts. */
export interface Page<T> {
  readonly items: readonly T[]
  readonly next: string | undefined
}

/** Cuts a page. A token is the place where it starts and what was asked, so that a token of another question is refused. */
export function takePage<T>(
  all: readonly T[],
  token: string | undefined,
  page: { readonly size: number; readonly question: string; readonly fault?: FaultKind | undefined },
): Page<T> {
  const { question, fault } = page
  const start = token === undefined ? 0 : placeOf(readToken(token, question))
  if (fault === 'emptyPage') return { items: [], next: makeToken(start, question) }
  const left = Math.min(all.length - start, page.size)
  const end = start + (fault === 'partialPage' ? Math.max(Math.ceil(left / 2), 1) : page.size)
  const items = all.slice(start, end)
  if (fault === 'repeatedPage') return { items, next: makeToken(start, question) }
  const ordered = fault === 'oddOrder' ? items.toReversed() : items
  return { items: ordered, next: end < all.length ? makeToken(end, question) : undefined }
}

function placeOf(position: unknown): number {
  if (typeof position === 'number') return position
  throw new AwsError('invalidToken', 'The specified token is invalid.')
}

/** An opaque continuation token. */
export function makeToken(position: unknown, question: string): string {
  return Buffer.from(JSON.stringify([position, question])).toString('base64')
}

/** The place a token stands for. Throws InvalidNextToken when it was not made for this question. */
export function readToken(token: string, question: string): unknown {
  try {
    const value: unknown = JSON.parse(Buffer.from(token, 'base64').toString('utf8'))
    if (Array.isArray(value) && value[1] === question) return value[0]
  } catch {
    // Not one of ours: refused below.
  }
  throw new AwsError('invalidToken', 'The specified token is invalid.')
}
