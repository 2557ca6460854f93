/**
 * `--import`ed into a host, whose clock then stands so many milliseconds ahead of the machine's as the file that
 * CLOCK_OFFSET names says; read again at SIGUSR2, and said back in a file beside it. Timers and performance.now() go on
 * as they do when a machine's clock is set.
 */
import { readFileSync, writeFileSync } from 'node:fs'

const path = process.env['CLOCK_OFFSET'] ?? ''
const RealDate = Date
let offsetMs = 0

function read(): void {
  const text = readFileSync(path, 'utf8')
  offsetMs = Number(text)
  writeFileSync(`${path}.read`, text)
}

class SteppedDate extends RealDate {
  constructor(...args: readonly unknown[]) {
    // Every signature of Date but the one that asks for now goes on as it is.
    super(...((args.length === 0 ? [SteppedDate.now()] : args) as [number]))
  }

  static override now(): number {
    return RealDate.now() + offsetMs
  }
}

read()
process.on('SIGUSR2', read)
globalThis.Date = SteppedDate as DateConstructor
