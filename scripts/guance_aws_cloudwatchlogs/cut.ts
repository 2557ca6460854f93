/** A message as it may be sent, with the bytes it had where it was longer. */
export interface CutMessage {
  readonly message: string
  readonly originalBytes?: number
}

/**
 * Bytes of UTF-8 that a message may have by default. A line of 512 KiB is what an outbox batch holds, and DataKit hands on bodies
 * of 1 MiB (guance.md §6.4), while an event of CloudWatch has up to 1,024 KB (aws.md §4.1); escaping may double a text.
 */
export const MAX_MESSAGE_BYTES = 256 * 1_024

/** At most three bytes of UTF-8 stand for one UTF-16 unit. */
const MAX_BYTES_PER_UNIT = 3

/** Where in the bytes to cut, at most at `limit`: never inside a code point, whose further bytes are 10xxxxxx. */
function cutAt(bytes: Buffer, limit: number): number {
  let at = Math.max(0, Math.min(limit, bytes.length))
  while (at > 0 && at < bytes.length && ((bytes[at] ?? 0) & 0xc0) === 0x80) at -= 1
  return at
}

/** The message within a limit in bytes, mark included: `… [cut, 1048576 bytes]`. A limit below the mark's own length leaves the mark. */
export function cutMessage(message: string, limitBytes: number = MAX_MESSAGE_BYTES): CutMessage {
  if (message.length * MAX_BYTES_PER_UNIT <= limitBytes) return { message }
  const bytes = Buffer.from(message)
  if (bytes.length <= limitBytes) return { message }
  const mark = `… [cut, ${bytes.length} bytes]`
  const at = cutAt(bytes, limitBytes - Buffer.byteLength(mark))
  return { message: bytes.toString('utf8', 0, at) + mark, originalBytes: bytes.length }
}
