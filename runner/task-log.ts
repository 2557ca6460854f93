import { coerceError } from '../core/error.ts'
import type { Problem } from '../core/script.ts'
import type { LogLine } from './host-api.ts'
import type { RecordStore } from './store/record-store.ts'

/** Appends log lines in order and numbers them; one write at a time. */
export class TaskLog {
  readonly #records: RecordStore
  readonly #taskId: string
  readonly #onLines: (lines: readonly LogLine[]) => void
  #sequence = 0
  #lost = 0
  #lossReason = ''
  #written: Promise<void> = Promise.resolve()

  constructor(records: RecordStore, taskId: string, onLines: (lines: readonly LogLine[]) => void) {
    this.#records = records
    this.#taskId = taskId
    this.#onLines = onLines
  }

  add(lines: readonly Pick<LogLine, 'timeMs' | 'text'>[]): void {
    const numbered = lines.map((line) => {
      this.#sequence += 1
      return {
        taskId: this.#taskId,
        sequence: this.#sequence,
        timeMs: line.timeMs,
        text: line.text,
      }
    })
    this.#written = this.#written.then(() => this.#append(numbered))
    this.#onLines(numbered)
  }

  /** Waits until every line is written or lost; tells what of the log is missing. */
  async flush(): Promise<Problem[]> {
    await this.#written
    if (this.#lost === 0) return []
    const message = `${this.#lost} lines of the log could not be written: ${this.#lossReason}`
    return [{ code: 'log-incomplete', severity: 'warning', scope: 'log', message }]
  }

  /** A full or locked disk passes: what comes later is worth writing although these lines are lost. */
  async #append(lines: readonly LogLine[]): Promise<void> {
    try {
      await this.#records.appendLog(lines)
    } catch (error) {
      this.#lost += lines.length
      this.#lossReason = coerceError(error, 'log').message
    }
  }
}
