import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { DAY_MS, type EpochMs } from '../../core/time.ts'
import { unpackBody } from '../line-protocol/body.ts'
import type { SendResult, Sink, SinkBatch } from './sink.ts'

/** One write that was cut short is at most this long; what lies before it was complete. */
const MAX_TAIL_BYTES = 4 * 1024 ** 2
const NEWLINE = 0x0a

/** Files are for looking at, until a connector is set; nobody else would ever remove them. */
const KEEP_MS = 14 * DAY_MS
/** A day of 1,000 functions is some 500 MB; a small disk must stay usable with what the outbox and the records need. */
const MAX_TOTAL_BYTES = 2 * 1024 ** 3
/** Rolled over, so that one day of a large account can be removed in parts. */
const MAX_FILE_BYTES = 256 * 1024 ** 2
/** Only what this sink wrote. */
const OWN_NAME = /^[a-z_]+-\d{4}-\d{2}-\d{2}(?:\.\d+)?\.lp$/

export interface FileLimits {
  readonly keepMs: number
  readonly maxTotalBytes: number
  readonly maxFileBytes: number
}

const LIMITS: FileLimits = {
  keepMs: KEEP_MS,
  maxTotalBytes: MAX_TOTAL_BYTES,
  maxFileBytes: MAX_FILE_BYTES,
}

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

/** Resolves with the size of the file. */
async function append(path: string, text: Buffer): Promise<number> {
  const file = await openForAppend(path)
  try {
    const end = await findCompleteEnd(file)
    await file.truncate(end)
    await writeAll(file, text, end)
    await file.sync()
    return end + text.byteLength
  } finally {
    await file.close()
  }
}

interface OutputFile {
  readonly path: string
  readonly bytes: number
  readonly writtenMs: EpochMs
}

async function listOutput(folder: string): Promise<OutputFile[]> {
  const names = (await readdir(folder)).filter((name) => OWN_NAME.test(name))
  const files = names.map(async (name) => {
    const path = join(folder, name)
    const { size, mtimeMs } = await stat(path)
    return { path, bytes: size, writtenMs: mtimeMs }
  })
  return Promise.all(files)
}

/** Removes what is too old, then the oldest until the rest is small enough. */
async function prune(folder: string, nowMs: EpochMs, { keepMs, maxTotalBytes }: FileLimits): Promise<void> {
  let keptBytes = 0
  const newestFirst = (await listOutput(folder)).toSorted((left, right) => right.writtenMs - left.writtenMs)
  for (const { path, bytes, writtenMs } of newestFirst) {
    keptBytes += bytes
    // One after the other: a removal may fail, and then the next write tries again.
    if (writtenMs < nowMs - keepMs || keptBytes > maxTotalBytes) await rm(path, { force: true })
  }
}

/** `metric-2026-11-23.lp` → `metric-2026-11-23.1763922960000.lp` */
function rolledPath(path: string, nowMs: EpochMs): string {
  return path.replace(/\.lp$/, `.${nowMs}.lp`)
}

/**
 * Appends batches as text to one file per category and day under `folder`; accepted means on the disk. What is older or
 * more than `limits` say is removed, the oldest first.
 */
export function openFileSink(
  folder: string,
  now: () => EpochMs = Date.now,
  limits: FileLimits = LIMITS,
): Sink {
  let prunedPath = ''
  async function write(batch: SinkBatch): Promise<SendResult> {
    const lines = unpackBody(batch.body)
    if (lines === undefined) return { kind: 'rejected', reason: 'the batch is not gzip' }
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const nowMs = now()
    const path = join(folder, fileName(batch.category, nowMs))
    const bytes = await append(path, Buffer.from(`${lines}\n`))
    const isFull = bytes >= limits.maxFileBytes
    if (!isFull && path === prunedPath) return { kind: 'accepted' }
    try {
      if (isFull) await rename(path, rolledPath(path, nowMs))
      await prune(folder, nowMs, limits)
      prunedPath = path
    } catch {
      // The batch is on the disk: failing now would write it a second time. The next one makes room again.
    }
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
