import { DffError } from '../../core/error.ts'
import type { EpochMs } from '../../core/time.ts'
import type { Window } from '../../core/window.ts'
import { TASK_STATUSES, type TaskStatus } from '../host-api.ts'
import type { Texts } from '../text/texts.ts'
import { formatCount } from './view/format.ts'

/** A list longer than this is not read by a person; tools page by filters. */
const MAX_LIMIT = 1000

function refuse(texts: Texts, place: string, expected: string, got: string): DffError {
  return new DffError({
    code: 'BAD_USAGE',
    place,
    expected,
    got: JSON.stringify(got),
    remedy: texts.form.wrongTypeRemedy,
  })
}

/** A whole number from 1 to `max`. */
export function parseCount(
  texts: Texts,
  text: string,
  { flag, max }: { readonly flag: string; readonly max: number },
): number {
  const value = Number(text)
  if (/^\d+$/.test(text) && value >= 1 && value <= max) return value
  throw refuse(texts, flag, texts.view.usage.countExpected(formatCount(texts, max)), text)
}

export function parseLimit(texts: Texts, text: string): number {
  return parseCount(texts, text, { flag: '--limit', max: MAX_LIMIT })
}

/** A TCP port; 0 asks for any that is free. */
export function parsePort(texts: Texts, text: string, flag: string): number {
  const port = Number(text)
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port
  throw refuse(texts, flag, texts.view.usage.portExpected, text)
}

export function parseBatchId(texts: Texts, text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw refuse(texts, 'BATCH', texts.view.usage.batchExpected, text)
}

export function parseStatus(texts: Texts, text: string): TaskStatus {
  const status = TASK_STATUSES.find((known) => known === text)
  if (status !== undefined) return status
  throw refuse(texts, '--status', texts.view.usage.statusExpected(TASK_STATUSES), text)
}

/** ISO 8601; a time without an offset is UTC, because everything shown is UTC. */
const TIME = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)?)?$/

function readTime(text: string): EpochMs | undefined {
  const match = TIME.exec(text)
  const hasTime = match?.[1] !== undefined
  const hasOffset = match?.[4] !== undefined
  const timeMs = match === null ? Number.NaN : Date.parse(hasTime && !hasOffset ? `${text}Z` : text)
  return Number.isFinite(timeMs) ? timeMs : undefined
}

export function parseTime(texts: Texts, text: string, flag: '--at' | '--until'): EpochMs {
  const timeMs = readTime(text)
  if (timeMs !== undefined) return timeMs
  throw refuse(texts, flag, texts.view.usage.timeExpected, text)
}

/** `FROM..TO`; whether it can be collected is the host's to say. */
export function parseBackfill(texts: Texts, text: string): Window {
  const [startMs, endMs, ...rest] = text.split('..').map(readTime)
  if (startMs !== undefined && endMs !== undefined && rest.length === 0) return { startMs, endMs }
  throw new DffError({
    code: 'BAD_PARAMETER',
    place: '--backfill',
    expected: texts.view.usage.backfillExpected,
    got: JSON.stringify(text),
    remedy: texts.view.usage.backfillRemedy,
  })
}
