import { expect, it } from 'vitest'
import type { LogGroup } from '../../../scripts/guance_aws_cloudwatchlogs/log-group.ts'
import { compileOptions } from '../../../scripts/guance_aws_cloudwatchlogs/log-options.ts'
import { makeReports } from '../../../scripts/guance_aws_cloudwatchlogs/record-maker.ts'
import { ReportBook } from '../../../scripts/guance_aws_cloudwatchlogs/report-book.ts'
import { invocation } from './invocation.ts'

const START_MS = Date.parse('2026-11-20T08:00:00Z')
const MINUTE_MS = 60_000
const GROUP: LogGroup = {
  id: '/shared',
  name: '/shared',
  accountId: '123456789012',
  isNamed: false,
  isWanted: () => true,
  functions: [],
}

it('a minute that an earlier version began stays in its series, without log_group', () => {
  const report = invocation({})
  const earlier = new ReportBook()
  const label = { tags: { name: 'f', log_group: '/shared' } }
  earlier.add('f', START_MS, { report, label })
  const book = new ReportBook(earlier.save().reports)
  book.add('f', START_MS, { report, label })
  book.add('f', START_MS + MINUTE_MS, { report, label })
  const options = compileOptions({}, 'aws')
  const maker = { region: 'us-east-1', options, tagsOf: () => ({ name: 'f' }) }
  const points = makeReports(maker, GROUP, book.takeFinal(START_MS + 2 * MINUTE_MS))
  expect(points.map(({ tags }) => tags)).toEqual([{ name: 'f' }, { name: 'f', log_group: '/shared' }])
})
