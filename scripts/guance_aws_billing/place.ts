import type { RunContext } from 'guance-aws-lambda/dff'

/** Whose state it is: of the account that reads, the store that gets its lines, and the question. */
export interface Place {
  readonly accountId: string
  readonly queryId: string
  /** Absent where nobody tells stores apart. */
  readonly store?: string
}

/**
 * Where a run keeps what it knows of a question. Another store holds none of the lines of this one: what was read and
 * written is known of each apart, so that a new one gets a whole bill, and one that comes back goes on.
 */
export function placeOf({ sink }: Pick<RunContext, 'sink'>, accountId: string, queryId: string): Place {
  return { accountId, queryId, ...(sink.store === undefined ? {} : { store: sink.store }) }
}

/** The key of state of one kind. */
export function placeKey(kind: 'reading' | 'book' | 'shared', { accountId, queryId, store }: Place): string {
  return ['billing', accountId, kind, ...(store === undefined ? [] : [store]), queryId].join('/')
}
