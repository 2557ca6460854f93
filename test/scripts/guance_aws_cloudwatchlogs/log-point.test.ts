import { expect, it } from 'vitest'
import { readLine } from '../../../scripts/guance_aws_cloudwatchlogs/log-line.ts'
import { isRestHidden, makeLogPoint } from '../../../scripts/guance_aws_cloudwatchlogs/log-point.ts'
import { ReadTally } from '../../../scripts/guance_aws_cloudwatchlogs/read-tally.ts'
import { makeRedactor } from '../../../scripts/guance_aws_cloudwatchlogs/redact.ts'
import { SESSION, makeRun, makeStore } from '../run-context.ts'

const NOW_MS = Date.parse('2026-11-20T08:00:00Z')

function pointOf(message: string) {
  const redact = makeRedactor({ patterns: [String.raw`key=\w+(.*;)?`] }, 'redact')
  const record = { message, eventId: 'e', timeMs: NOW_MS, status: 'info', line: readLine(message) } as const
  return makeLogPoint(record, { ingestedMs: NOW_MS }, { source: 's', tags: {}, redact })
}

it('a log says where its end is hidden because searching it would have taken too long', () => {
  const long = pointOf(`a ${'key=abcdef '.repeat(2_000)}`)
  expect(long.fields).toMatchObject({ rest_hidden: true, message: expect.stringMatching(/^a \*{5}/) })
  expect(isRestHidden(long)).toBe(true)
  const short = pointOf('a key=abcdef 中文')
  expect(short.fields).toMatchObject({ message: 'a ***** 中文' })
  expect(short.fields).not.toHaveProperty('rest_hidden')
})

it('the record counts such logs once for a region', () => {
  const run = makeRun(makeStore(), { triggerTimeMs: NOW_MS, session: SESSION })
  const tally = new ReadTally()
  const group = { id: 'g', name: 'g', accountId: '1', isNamed: false, isWanted: () => true, functions: [] }
  const result = { events: 9, lines: 9, reports: 0, late: 0, latestMs: 0, finalMs: NOW_MS }
  for (const restHidden of [2, 0, 3]) {
    tally.add(group, { ...result, restHidden, isMissing: false, isUnfinished: false })
  }
  tally.report(run, '1/us-east-1', 0)
  expect(run.problems).toMatchObject([
    { code: 'logs-hidden', severity: 'warning', message: expect.stringContaining('over 5 messages') },
  ])
})
