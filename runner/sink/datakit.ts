import { openHttpSink } from './http.ts'
import type { Sink } from './sink.ts'

/** Nanoseconds said, because DataKit guesses by size otherwise; no host tags, so that a retry lands in the same series. */
const QUERY = { precision: 'n', ignore_global_host_tags: '' }

/** A local DataKit. `dry` has it check the lines and store nothing (guance.md §6.6). */
export function openDatakitSink(url: string, mode: 'write' | 'dry' = 'write'): Promise<Sink> {
  return openHttpSink({ url, query: mode === 'dry' ? { ...QUERY, dry: '' } : QUERY, secrets: [] })
}
