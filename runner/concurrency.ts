export interface Concurrency {
  readonly requests: number
  /** For the task log: what is wrong with the setting. */
  readonly note?: string
}

/** Upstream's default. */
const DEFAULT_CONCURRENCY = 5

/** `COLLECTOR_THREAD_POOL_SIZE`, upstream's name for requests in flight per account and region. */
export function readConcurrency(): Concurrency {
  const text = process.env['COLLECTOR_THREAD_POOL_SIZE']?.trim() ?? ''
  if (text === '') return { requests: DEFAULT_CONCURRENCY }
  const given = Number(text)
  if (Number.isInteger(given) && given > 0) return { requests: given }
  const note = `COLLECTOR_THREAD_POOL_SIZE: expected a whole number from 1 up, got ${JSON.stringify(text.slice(0, 40))}; ${DEFAULT_CONCURRENCY} is used.`
  return { requests: DEFAULT_CONCURRENCY, note }
}
