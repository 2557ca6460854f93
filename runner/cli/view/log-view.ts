import type { EpochMs } from '../../../core/time.ts'
import type { LogLine } from '../../host-api.ts'
import { makePrintable } from '../terminal.ts'

/** Formats log lines as upstream shows them, `[MM-DD HH:mm:ss.SSS] [+Nms] text`: UTC, N since the line before. */
export function makeLogFormatter(): (line: LogLine) => string {
  let previousMs: EpochMs | undefined
  return ({ timeMs, text }) => {
    const stamp = new Date(timeMs).toISOString().slice(5, 23).replace('T', ' ')
    const sinceMs = Math.max(0, timeMs - (previousMs ?? timeMs))
    previousMs = timeMs
    return `[${stamp}] [+${sinceMs}ms] ${makePrintable(text)}`
  }
}
