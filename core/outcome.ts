/**
 * What became of one query. "No data" is `complete` without datapoints: a function that was silent is not an error,
 * and only `complete` may move a cursor.
 */
export type Outcome<T> =
  | { readonly kind: 'complete'; readonly value: T }
  | { readonly kind: 'partial'; readonly value: T; readonly reason: string }
  | { readonly kind: 'forbidden'; readonly reason: string; readonly action: string }
  | { readonly kind: 'transient'; readonly reason: string }
