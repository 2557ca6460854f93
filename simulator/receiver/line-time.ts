/** Nanoseconds in each unit that `precision=` may name. */
const UNIT_NS: Readonly<Record<string, bigint>> = {
  n: 1n,
  ns: 1n,
  u: 1_000n,
  us: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
}

/** Without a precision DataKit guesses the unit by the size of the number. */
function guessUnit(time: bigint): string {
  if (time < 10_000_000_000n) return 's'
  if (time < 10_000_000_000_000n) return 'ms'
  return time < 10_000_000_000_000_000n ? 'us' : 'ns'
}

/** Whether `precision=` may have this value. */
export function isPrecision(text: string): boolean {
  return Object.hasOwn(UNIT_NS, text)
}

/** A line's time in nanoseconds; a line without one happened now. */
export function timeNsOf(time: bigint | null, precision: string | null, nowMs: number): bigint {
  if (time === null) return BigInt(Math.floor(nowMs)) * 1_000_000n
  return time * (UNIT_NS[precision ?? guessUnit(time)] ?? 1n)
}
