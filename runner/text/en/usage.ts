/** What is said of a command line that is none. */
export const usage = {
  expected: 'a command line as its help describes it',
  remedy: (command: string) => `See ${command} --help.`,
  batchExpected: 'the number of a batch',
  portExpected: 'a port from 0 to 65535',
  countExpected: (max: string) => `a whole number from 1 to ${max}`,
  timeExpected: 'a time such as 2026-11-23T18:36:00Z',
  backfillExpected: 'FROM..TO, two times such as 2026-11-23T18:36:00Z',
  backfillRemedy: 'For example --backfill 2026-11-23T00:00:00Z..2026-11-23T06:00:00Z.',
  statusExpected: (known: readonly string[]) => `one of ${known.join(', ')}`,
}
