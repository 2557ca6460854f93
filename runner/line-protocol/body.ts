import { gunzipSync } from 'node:zlib'

/** Above every body of ours (the longest string alone may have 32 MiB); one that unpacks to more is an attack on the memory. */
const MAX_RAW_BYTES = 64 * 1024 ** 2

/** The text of a batch's body, or undefined when it is not gzip: task processes make the bodies and are not trusted. */
export function unpackBody(body: Uint8Array): string | undefined {
  try {
    return gunzipSync(body, { maxOutputLength: MAX_RAW_BYTES }).toString('utf8')
  } catch {
    return undefined
  }
}
