/** `status` of a log at Guance (guance.md §6.5). */
export type Status = 'emerg' | 'alert' | 'critical' | 'error' | 'warning' | 'notice' | 'info' | 'debug'

/** Levels as runtimes and loggers name them, in lower case. */
const STATUSES: ReadonlyMap<string, Status> = new Map<string, Status>([
  ['emerg', 'emerg'],
  ['emergency', 'emerg'],
  ['panic', 'emerg'],
  ['alert', 'alert'],
  ['critical', 'critical'],
  ['crit', 'critical'],
  ['fatal', 'critical'],
  ['dpanic', 'critical'],
  ['error', 'error'],
  ['err', 'error'],
  ['fail', 'error'],
  ['severe', 'error'],
  ['warning', 'warning'],
  ['warn', 'warning'],
  ['notice', 'notice'],
  ['info', 'info'],
  ['information', 'info'],
  ['informational', 'info'],
  ['http', 'info'],
  ['any', 'info'],
  ['unknown', 'info'],
  ['debug', 'debug'],
  ['dbug', 'debug'],
  ['trace', 'debug'],
  ['trce', 'debug'],
  ['verbose', 'debug'],
  ['silly', 'debug'],
  ['fine', 'debug'],
  ['finer', 'debug'],
  ['finest', 'debug'],
])

/** No level's name is longer. */
const MAX_NAME_LENGTH = 16

/** Tens of pino and bunyan. */
const NUMBERED: readonly Status[] = ['debug', 'debug', 'info', 'warning', 'error', 'critical']

/** The status that a level means: a name in any case, or pino's number from 10 to 69; undefined for anything else. */
export function readLevel(level: unknown): Status | undefined {
  if (typeof level === 'string')
    return level.length > MAX_NAME_LENGTH ? undefined : STATUSES.get(level.toLowerCase())
  // Below 10 numbers mean one thing to syslog and the contrary to others.
  if (typeof level === 'number' && level >= 10 && level < 70) return NUMBERED[Math.floor(level / 10) - 1]
  return undefined
}

/** Whether a line of this status is an error: kept by every sample. */
export function isError(status: Status): boolean {
  return status === 'error' || status === 'critical' || status === 'alert' || status === 'emerg'
}
