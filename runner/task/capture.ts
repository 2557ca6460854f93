import { StringDecoder } from 'node:string_decoder'
import type { EpochMs } from '../../core/time.ts'
import type { Mask } from './mask.ts'
import { makePrintable } from './printable.ts'

/** Func's limits of a task log (guance.md §4.8), in characters: one line; what is kept of the start and of the end. */
const MAX_LINE = 3_000
const MAX_HEAD = 20_000
const MAX_TAIL = 30_000

const HEAP_MESSAGE = 'JavaScript heap out of memory'

export interface CapturedLine {
  readonly timeMs: EpochMs
  readonly text: string
}

type Stream = 'stdout' | 'stderr'

export interface Capture {
  /** What the child wrote; bytes may end in the middle of a character or of a line. */
  write(stream: Stream, bytes: Buffer): void
  /** A line of the host's own. */
  note(text: string): void
  /** Ends unfinished lines and hands over the end of the log, with a notice of what was left out before it. */
  finish(): void
  /** Whether V8 said that the heap is full: it says so on stderr and then aborts the process. */
  hasHeapMessage(): boolean
}

export interface CaptureOptions {
  /** Asked for each line: a task learns new secrets while it runs. */
  readonly mask: () => Mask
  readonly onLines: (lines: readonly CapturedLine[]) => void
}

/** Cuts a stream of bytes into lines, holding no more than a line's limit and the longest secret. */
class LineSplitter {
  readonly #decoder = new StringDecoder('utf8')
  readonly #mask: () => Mask
  #held = ''
  #droppedChars = 0

  constructor(mask: () => Mask) {
    this.#mask = mask
  }

  feed(bytes: Buffer): string[] {
    return this.#split(this.#decoder.write(bytes))
  }

  end(): string[] {
    const lines = this.#split(this.#decoder.end())
    return this.#held === '' ? lines : [...lines, this.#takeLine()]
  }

  #split(text: string): string[] {
    const pieces = text.split('\n')
    const last = pieces.pop() ?? ''
    const lines = pieces.map((piece) => {
      this.#hold(piece)
      return this.#takeLine()
    })
    this.#hold(last)
    return lines
  }

  /** Beyond the limit as much as a secret that begins before it can reach: masking comes before cutting. */
  #hold(text: string): void {
    const room = Math.max(0, MAX_LINE + this.#mask().longest - this.#held.length)
    this.#held += text.slice(0, room)
    this.#droppedChars += Math.max(0, text.length - room)
  }

  #takeLine(): string {
    const raw = this.#held.endsWith('\r') ? this.#held.slice(0, -1) : this.#held
    const chars = raw.length + this.#droppedChars
    this.#held = ''
    this.#droppedChars = 0
    if (chars <= MAX_LINE) return makePrintable(this.#mask()(raw))
    return `${makePrintable(this.#mask()(raw, MAX_LINE).toWellFormed())} … (line of ${chars} characters cut)`
  }
}

/** Passes on the first part of a log as it comes, keeps the last part, and counts what fell out between them. */
class BoundedLog {
  readonly #onLines: CaptureOptions['onLines']
  #headRoom = MAX_HEAD
  #tail: CapturedLine[] = []
  #tailChars = 0
  #cutLines = 0
  #cutChars = 0

  constructor(onLines: CaptureOptions['onLines']) {
    this.#onLines = onLines
  }

  add(lines: readonly CapturedLine[]): void {
    const head = lines.filter((line) => this.#fitsHead(line))
    if (head.length > 0) this.#onLines(head)
    for (const line of lines.slice(head.length)) {
      this.#tail.push(line)
      this.#tailChars += line.text.length + 1
    }
    this.#trim()
  }

  /** Once a line did not fit, none after it does: the head is one piece. */
  #fitsHead(line: CapturedLine): boolean {
    if (this.#headRoom < 0) return false
    this.#headRoom -= line.text.length + 1
    return this.#headRoom >= 0
  }

  #trim(): void {
    let count = 0
    while (this.#tailChars > MAX_TAIL) {
      const chars = (this.#tail[count]?.text.length ?? 0) + 1
      this.#tailChars -= chars
      this.#cutChars += chars
      count += 1
    }
    this.#cutLines += count
    if (count > 0) this.#tail = this.#tail.slice(count)
  }

  end(timeMs: EpochMs): void {
    const text = `… ${this.#cutLines} lines (${this.#cutChars} characters) left out here …`
    const rest = this.#cutLines === 0 ? this.#tail : [{ timeMs, text }, ...this.#tail]
    if (rest.length > 0) this.#onLines(rest)
  }
}

/** Turns a child's output into masked, printable, bounded log lines; memory stays bounded however much it prints. */
export function createCapture({ mask, onLines }: CaptureOptions): Capture {
  const log = new BoundedLog(onLines)
  const splitters = { stdout: new LineSplitter(mask), stderr: new LineSplitter(mask) }
  let hasHeapMessage = false
  const add = (texts: readonly string[]): void => {
    const timeMs = Date.now()
    log.add(texts.map((text) => ({ timeMs, text })))
  }
  return {
    write(stream, bytes) {
      const texts = splitters[stream].feed(bytes)
      hasHeapMessage ||= stream === 'stderr' && texts.some((text) => text.includes(HEAP_MESSAGE))
      add(texts)
    },
    note: (text) => add([makePrintable(mask()(text))]),
    finish() {
      add([...splitters.stdout.end(), ...splitters.stderr.end()])
      log.end(Date.now())
    },
    hasHeapMessage: () => hasHeapMessage,
  }
}
