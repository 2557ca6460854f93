import { type EpochMs, formatTime } from './time.ts'

/** Half-open span `[startMs, endMs)`, as CloudWatch reads StartTime (inclusive) and EndTime (exclusive). */
export interface Window {
  readonly startMs: EpochMs
  readonly endMs: EpochMs
}

/** Cuts a window into consecutive pieces of at most `stepMs`, oldest first; a request must not ask for more datapoints than one page holds. */
export function splitWindow(window: Window, stepMs: number): Window[] {
  const pieces: Window[] = []
  for (let startMs = window.startMs; startMs < window.endMs; startMs += stepMs) {
    pieces.push({ startMs, endMs: Math.min(startMs + stepMs, window.endMs) })
  }
  return pieces
}

export function formatWindow(window: Window): string {
  return `[${formatTime(window.startMs)}, ${formatTime(window.endMs)})`
}
