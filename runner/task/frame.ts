/**
 * Messages on the pipe between host and task: four bytes of length, then the value as V8 serialises it, so that batches
 * stay binary. Not Node's own IPC: that throws inside the host when a child writes eight wrong bytes to its descriptor,
 * buffers a message of any announced length, and lets a child hand over descriptors.
 */
import { deserialize, serialize } from 'node:v8'
import { DffError } from '../../core/error.ts'

/** The descriptor of the pipe in the task, after stdin, stdout and stderr. */
export const CHANNEL_FD = 3

const HEADER_BYTES = 4

/**
 * The longest message. A slice of 450,000 datapoints, the largest that a set commits, is a tenth of it; what a child
 * announces beyond it is never buffered.
 */
export const MAX_FRAME_BYTES: number = 64 * 1024 ** 2

function tooLarge(bytes: number): DffError {
  return new DffError({
    code: 'TASK_FAILED',
    place: 'commit',
    expected: `a message of at most ${MAX_FRAME_BYTES} bytes`,
    got: `${bytes} bytes`,
    remedy: 'Nothing of it was sent. Commit smaller slices, and keep less in one state key.',
  })
}

/** A value as one frame; throws TASK_FAILED for one that is too large, and V8's error for one that cannot be copied. */
export function encodeFrame(value: unknown): Buffer {
  const body = serialize(value)
  if (body.byteLength > MAX_FRAME_BYTES) throw tooLarge(body.byteLength)
  const header = Buffer.alloc(HEADER_BYTES)
  header.writeUInt32BE(body.byteLength)
  return Buffer.concat([header, body])
}

/** Puts frames together from bytes as they come. After it has thrown, what else comes is meaningless. */
export class FrameReader {
  #chunks: Buffer[] = []
  #heldBytes = 0

  /** Hands over each value that is complete now; throws a plain Error that says what came instead of one. */
  feed(bytes: Buffer, onValue: (value: unknown) => void): void {
    this.#chunks.push(bytes)
    this.#heldBytes += bytes.byteLength
    while (this.#heldBytes >= HEADER_BYTES) {
      const length = this.#peekLength()
      if (length > MAX_FRAME_BYTES) throw new Error(`a message of ${length} bytes`)
      if (this.#heldBytes < HEADER_BYTES + length) return
      onValue(readValue(this.#take(HEADER_BYTES + length).subarray(HEADER_BYTES)))
    }
  }

  #peekLength(): number {
    const [first] = this.#chunks
    // A header split over chunks: joined once, and only while a frame begins.
    if (first === undefined || first.byteLength < HEADER_BYTES) this.#chunks = [Buffer.concat(this.#chunks)]
    return this.#chunks[0]?.readUInt32BE() ?? 0
  }

  #take(count: number): Buffer {
    const held =
      this.#chunks.length === 1 ? (this.#chunks[0] ?? Buffer.alloc(0)) : Buffer.concat(this.#chunks)
    const rest = held.subarray(count)
    this.#chunks = rest.byteLength === 0 ? [] : [rest]
    this.#heldBytes = rest.byteLength
    return held.subarray(0, count)
  }
}

function readValue(body: Buffer): unknown {
  try {
    return deserialize(body)
  } catch {
    throw new Error('bytes that are no message')
  }
}
