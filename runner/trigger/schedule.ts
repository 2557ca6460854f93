/**
 * Cron expressions, pure over croner. The daylight-saving rule is Vixie cron's (docs/triggers.md): hours and minutes
 * without a star or a step are times of day, of which none is lost in a gap and none happens twice; the rest are
 * intervals, which follow the clock.
 */
import { Cron } from 'croner'
import { closestName } from '../../core/closest.ts'
import { DffError } from '../../core/error.ts'
import type { EpochMs } from '../../core/time.ts'

export interface Schedule {
  /** First tick strictly after a time. */
  next(afterMs: EpochMs): EpochMs | null
  /** Last tick at or before a time. */
  previous(atMs: EpochMs): EpochMs | null
  /** How many ticks lie after the one time and before the other; stops counting at `max`. */
  countBetween(afterMs: EpochMs, beforeMs: EpochMs, max: number): number
}

function countBetween(
  schedule: Pick<Schedule, 'next'>,
  afterMs: EpochMs,
  beforeMs: EpochMs,
  max: number,
): number {
  let count = 0
  let tickMs = schedule.next(afterMs)
  while (tickMs !== null && tickMs < beforeMs && count < max) {
    count += 1
    tickMs = schedule.next(tickMs)
  }
  return count
}

const REMEDY =
  'Five fields: minute hour day month weekday, e.g. */5 * * * * for every five minutes or 30 2 * * 1 for Mondays at 02:30.'

function badCron(place: string, expected: string, got: string, remedy = REMEDY): DffError {
  return new DffError({ code: 'BAD_CRON', place, expected, got, remedy })
}

function checkTimezone(timezone: string, place: string): void {
  try {
    Intl.DateTimeFormat('en', { timeZone: timezone })
  } catch {
    const near = closestName(timezone, ['UTC', ...Intl.supportedValuesOf('timeZone')])
    const remedy = near === undefined ? 'Use a name such as UTC or Asia/Shanghai.' : `Did you mean ${near}?`
    throw badCron(place, 'an IANA time zone', `'${timezone}'`, remedy)
  }
}

function parse(cronExpr: string, timezone: string, place: string): Cron {
  const fields = cronExpr.trim().split(/\s+/)
  if (fields.length !== 5) {
    throw badCron(place, 'a cron expression of five fields', `'${cronExpr}' with ${fields.length}`)
  }
  try {
    return new Cron(cronExpr.trim(), { timezone, mode: '5-part', fixedTimeRule: 'no-wildcard', paused: true })
  } catch (error) {
    const why = error instanceof Error ? error.message.replace(/^CronPattern: /, '') : String(error)
    throw badCron(place, 'a cron expression of five fields', `'${cronExpr}' (${why})`)
  }
}

/** Parses five fields in an IANA time zone; throws BAD_CRON naming `place`, also for a date that never comes. */
export function parseSchedule(cronExpr: string, timezone: string, place: string): Schedule {
  checkTimezone(timezone, place)
  const cron = parse(cronExpr, timezone, place)
  if (cron.nextRun() === null) throw badCron(place, 'a date that comes', `'${cronExpr}', which never does`)
  const next = (afterMs: EpochMs): EpochMs | null => cron.nextRun(new Date(afterMs))?.getTime() ?? null
  return {
    next,
    countBetween: (afterMs, beforeMs, max) => countBetween({ next }, afterMs, beforeMs, max),
    // croner answers strictly before its reference.
    previous: (atMs) => cron.previousRuns(1, new Date(atMs + 1))[0]?.getTime() ?? null,
  }
}
