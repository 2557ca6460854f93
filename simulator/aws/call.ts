import type { Request } from '../http.ts'
import type { Simulation } from '../simulation.ts'
import { AwsError } from './error.ts'
import type { Caller } from './identity.ts'

/** One authenticated call. */
export interface Call {
  readonly simulation: Simulation
  readonly caller: Caller
  readonly request: Request
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
  page: { readonly size: number; readonly question: string },
): Page<T> {
  const start = token === undefined ? 0 : readToken(token, page.question)
  const end = start + page.size
  const items = all.slice(start, end)
  return { items, next: end < all.length ? makeToken(end, page.question) : undefined }
}

/** An opaque continuation token. */
export function makeToken(start: number, question: string): string {
  return Buffer.from(JSON.stringify([start, question])).toString('base64')
}

/** The place a token stands for. Throws InvalidNextToken when it was not made for this question. */
export function readToken(token: string, question: string): number {
  try {
    const value: unknown = JSON.parse(Buffer.from(token, 'base64').toString('utf8'))
    if (Array.isArray(value) && typeof value[0] === 'number' && value[1] === question) return value[0]
  } catch {
    // Not one of ours: refused below.
  }
  throw new AwsError('invalidToken', 'The specified token is invalid.')
}
