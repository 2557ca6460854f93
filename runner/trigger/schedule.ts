/**
 * Cron expressions, pure over croner. The daylight-saving rule is croner's: a time inside the gap runs once at the end
 * of the gap, a fixed time inside the repeated hour runs once (the first), and intervals run through both.
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
    return new Cron(cronExpr.trim(), { timezone, mode: '5-part', paused: true })
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
  return {
    next: (afterMs) => cron.nextRun(new Date(afterMs))?.getTime() ?? null,
    // croner answers strictly before its reference.
    previous: (atMs) => cron.previousRuns(1, new Date(atMs + 1))[0]?.getTime() ?? null,
  }
}
