import { openHttpSink } from './http.ts'
import type { Sink } from './sink.ts'

/** Guance's gateway. The token travels in the query, where the gateway wants it, and shows nowhere else. */
export function openDatawaySink(url: string, token: string): Promise<Sink> {
  return openHttpSink({ url, query: { precision: 'n', token }, secrets: [token] })
}
