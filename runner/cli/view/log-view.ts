import type { EpochMs } from '../../../core/time.ts'
import type { LogLine } from '../../host-api.ts'
import { makePrintable } from '../terminal.ts'

/** Formats log lines as Func does, `[MM-DD HH:mm:ss.SSS] [+Nms] [Tms] text`: UTC, N since the line before, T since the first. */
export function makeLogFormatter(): (line: LogLine) => string {
  let firstMs: EpochMs | undefined
  let previousMs: EpochMs | undefined
  return ({ timeMs, text }) => {
    firstMs ??= timeMs
    const stamp = new Date(timeMs).toISOString().slice(5, 23).replace('T', ' ')
    const sinceMs = Math.max(0, timeMs - (previousMs ?? timeMs))
    previousMs = timeMs
    const totalMs = Math.max(0, timeMs - firstMs)
    return `[${stamp}] [+${sinceMs}ms] [${totalMs}ms] ${makePrintable(text)}`
  }
}
