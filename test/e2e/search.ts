import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'

/** gzip bodies inside a database page: each start of a gzip stream is tried, because the outbox keeps compressed batches. */
function gunzipAll(bytes: Buffer): string {
  let text = ''
  for (
    let at = bytes.indexOf('\x1f\x8b\x08', 0, 'latin1');
    at >= 0;
    at = bytes.indexOf('\x1f\x8b\x08', at + 1, 'latin1')
  ) {
    try {
      text += gunzipSync(bytes.subarray(at), { finishFlush: 2 }).toString('latin1')
    } catch {
      // Not a whole stream in adjoining pages: its plain parts are searched as they are.
    }
  }
  return text
}

/** Files under a folder, sockets left out, that hold a text plainly or inside a gzip body. */
export function filesContaining(folder: string, text: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((path) => join(folder, path))
    .filter((path) => statSync(path).isFile())
    .filter((path) => {
      const bytes = readFileSync(path)
      return bytes.includes(text) || gunzipAll(bytes).includes(text)
    })
}
