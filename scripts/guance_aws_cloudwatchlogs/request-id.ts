/** Lambda's request ids are UUIDs; source of a regular expression without groups. */
export const REQUEST_ID = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}'

const WHOLE = new RegExp(`^${REQUEST_ID}$`)

export function isRequestId(value: unknown): value is string {
  return typeof value === 'string' && WHOLE.test(value)
}
