import type { EpochMs, Window } from 'guance-aws-lambda/dff'

/** Joins windows that touch and sorts them, oldest first; empty ones vanish. */
export function joinRanges(windows: readonly Window[]): readonly Window[] {
  const joined: Window[] = []
  const sorted = windows.filter(({ startMs, endMs }) => startMs < endMs)
  for (const window of sorted.toSorted((left, right) => left.startMs - right.startMs)) {
    const last = joined.at(-1)
    if (last === undefined || last.endMs < window.startMs) joined.push(window)
    else joined[joined.length - 1] = { startMs: last.startMs, endMs: Math.max(last.endMs, window.endMs) }
  }
  return joined
}

/** What is left of `windows` without `cut`. */
export function cutRanges(windows: readonly Window[], cut: Window): readonly Window[] {
  if (cut.endMs <= cut.startMs) return joinRanges(windows)
  return joinRanges(
    windows.flatMap(({ startMs, endMs }) => [
      { startMs, endMs: Math.min(endMs, cut.startMs) },
      { startMs: Math.max(startMs, cut.endMs), endMs },
    ]),
  )
}

/** What is in both. */
export function commonRanges(left: readonly Window[], right: readonly Window[]): readonly Window[] {
  return joinRanges(
    left.flatMap((one) =>
      right.map((other) => ({
        startMs: Math.max(one.startMs, other.startMs),
        endMs: Math.min(one.endMs, other.endMs),
      })),
    ),
  )
}

export function isWithin(windows: readonly Window[], timeMs: EpochMs): boolean {
  return windows.some(({ startMs, endMs }) => timeMs >= startMs && timeMs < endMs)
}

export function lengthOf(windows: readonly Window[]): number {
  return windows.reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0)
}
