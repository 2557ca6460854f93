import { type FileHandle, mkdir, open } from 'node:fs/promises'
import { join } from 'node:path'
import type { EpochMs } from '../../core/time.ts'
import { unpackBody } from '../line-protocol/body.ts'
import type { SendResult, Sink, SinkBatch } from './sink.ts'

/** One write that was cut short is at most this long; what lies before it was complete. */
const MAX_TAIL_BYTES = 4 * 1024 ** 2
const NEWLINE = 0x0a

/** `metric-2026-11-23.lp`, by the UTC day of sending. */
function fileName(category: string, nowMs: EpochMs): string {
  return `${category}-${new Date(nowMs).toISOString().slice(0, 10)}.lp`
}

/** Where the last complete line ends: a kill in the middle of a write leaves half a line, and its batch comes again. */
async function findCompleteEnd(file: FileHandle): Promise<number> {
  const { size } = await file.stat()
  const last = await file.read(Buffer.alloc(1), 0, 1, Math.max(0, size - 1))
  if (size === 0 || last.buffer[0] === NEWLINE) return size
  const start = Math.max(0, size - MAX_TAIL_BYTES)
  const { buffer } = await file.read(Buffer.alloc(size - start), 0, size - start, start)
  return start + buffer.lastIndexOf(NEWLINE) + 1
}

async function writeAll(file: FileHandle, text: Buffer, position: number): Promise<void> {
  for (let done = 0; done < text.byteLength;) {
    // One after the other: a write may take less than it was given, on a nearly full disk for example.
    const { bytesWritten } = await file.write(text, done, text.byteLength - done, position + done)
    done += bytesWritten
  }
}

/** Opened without O_APPEND, which would let no write repair the end. One sender owns the home, so nobody else writes here. */
async function openForAppend(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r+')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    return await open(path, 'wx+', 0o600)
  }
}

async function append(path: string, text: Buffer): Promise<void> {
  const file = await openForAppend(path)
  try {
    const end = await findCompleteEnd(file)
    await file.truncate(end)
    await writeAll(file, text, end)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Appends batches as text to one file per category and day under `folder`; accepted means on the disk. */
export function openFileSink(folder: string, now: () => EpochMs = Date.now): Sink {
  async function write(batch: SinkBatch): Promise<SendResult> {
    const lines = unpackBody(batch.body)
    if (lines === undefined) return { kind: 'rejected', reason: 'the batch is not gzip' }
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await append(join(folder, fileName(batch.category, now())), Buffer.from(`${lines}\n`))
    return { kind: 'accepted' }
  }
  return {
    async send(batch) {
      return write(batch).catch((error: NodeJS.ErrnoException) => ({
        kind: 'retry' as const,
        reason: `${folder} cannot be written: ${error.code ?? error.message}`,
      }))
    },
    close: async () => {},
  }
}
