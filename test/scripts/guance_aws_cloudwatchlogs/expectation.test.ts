import { expect, it } from 'vitest'
import { expectLogs } from '../../../scripts/guance_aws_cloudwatchlogs/expectation.ts'
import type { LogGroup } from '../../../scripts/guance_aws_cloudwatchlogs/log-group.ts'
import { MarkBook } from '../../../scripts/guance_aws_cloudwatchlogs/mark-book.ts'
import { makeRun, makeStore, SESSION } from '../run-context.ts'

const { accountId } = SESSION
const HOUR_MS = 3_600_000
const NOW_MS = Date.now()

function makeGroup(id: string, name: string = id): LogGroup {
  return { id, name, accountId, isNamed: false, isWanted: () => true, functions: [] }
}

/** Marks of a region's groups, by how many hours ago lines of them were written; undefined for never. */
async function keepMarks(hoursAgo: ReadonlyMap<LogGroup, number | undefined>, linedAs?: string) {
  const context = makeRun(makeStore(), { triggerTimeMs: NOW_MS, session: SESSION })
  const book = await MarkBook.load(context, `${accountId}/us-east-1`)
  for (const [group, hours] of hoursAgo) {
    const lined =
      hours === undefined
        ? {}
        : { linedMs: NOW_MS - hours * HOUR_MS, ...(linedAs === undefined ? {} : { linedAs }) }
    book.set(group, { finalMs: NOW_MS, sinceMs: NOW_MS - 99 * HOUR_MS, ...lined })
  }
  await context.commit({ points: [], state: book.save([...hoursAgo.keys()]) })
  return context
}

it('lines are expected of groups that had some within a day before the last, under the name of the group', async () => {
  const arn = 'arn:aws:logs:us-east-1:210987654321:log-group:/aws/lambda/订单'
  const context = await keepMarks(
    new Map([
      [makeGroup('/aws/lambda/a'), 50],
      [makeGroup(arn, '/aws/lambda/订单'), 73.9],
      [makeGroup('/aws/lambda/old'), 74],
      [makeGroup('/aws/lambda/silent'), undefined],
    ]),
  )
  const regions = ['us-east-1', 'eu-west-1']
  expect(await expectLogs(context, { accountId, regions, hasLines: true })).toEqual({
    objects: [],
    metrics: [],
    logs: [{ measurement: '/aws/lambda/a' }, { measurement: '/aws/lambda/订单' }],
  })
  expect((await expectLogs(context, { accountId, regions, hasLines: false })).logs).toEqual([])
})

it('lines are expected under the source that they were written with', async () => {
  const groups = new Map([
    [makeGroup('/aws/lambda/a'), 1],
    [makeGroup('/aws/lambda/b'), 2],
  ])
  const context = await keepMarks(groups, 'lambda')
  const expected = await expectLogs(context, { accountId, regions: ['us-east-1'], hasLines: true })
  expect(expected.logs).toEqual([{ measurement: 'lambda' }])
})

it('no lines are expected of groups that wrote their last more than thirty days ago', async () => {
  const days = 24
  const groups = new Map([
    [makeGroup('/aws/lambda/a'), 29.9 * days],
    [makeGroup('/aws/lambda/b'), 30.1 * days],
  ])
  const context = await keepMarks(groups)
  const expected = await expectLogs(context, { accountId, regions: ['us-east-1'], hasLines: true })
  expect(expected.logs).toEqual([{ measurement: '/aws/lambda/a' }])
})
