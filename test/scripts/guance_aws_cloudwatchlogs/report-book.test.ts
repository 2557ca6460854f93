import { describe, expect, it } from 'vitest'
import { type Label, ReportBook } from '../../../scripts/guance_aws_cloudwatchlogs/report-book.ts'
import { invocation } from './invocation.ts'

const START_MS = Date.parse('2026-11-20T08:00:00Z')
const MINUTE_MS = 60_000
const PYTHON: Label = { tags: { name: 'orders', Runtime: 'python3.14' }, architecture: 'arm64' }
const GONE: Label = { tags: { name: 'orders' } }

/** As the store gives it back. */
function reopen(book: ReportBook): ReportBook {
  const { reports, labels } = JSON.parse(JSON.stringify(book.save())) as ReturnType<ReportBook['save']>
  return new ReportBook(reports, labels)
}

describe('an open minute of reports', () => {
  it('keeps the label of its first report, through the store too, and gives it with each line', () => {
    const report = invocation({})
    const book = new ReportBook()
    book.add('orders', START_MS, { report, label: PYTHON })
    book.add('orders', START_MS + MINUTE_MS, { report, label: PYTHON })
    expect(book.takeChanged().map(({ label }) => label)).toEqual([PYTHON, PYTHON])
    const again = reopen(book)
    again.add('orders', START_MS + 1_000, { report, label: GONE })
    again.add('orders', START_MS + 2 * MINUTE_MS, { report, label: GONE })
    expect(again.takeChanged().map(({ label }) => label)).toEqual([PYTHON, GONE])
    const final = reopen(again).takeFinal(START_MS + 3 * MINUTE_MS)
    expect(final.map(({ minute, label }) => [minute.add['invocations'], label])).toEqual([
      [2, PYTHON],
      [1, PYTHON],
      [1, GONE],
    ])
  })

  it('is stored with each label once, however many minutes have it', () => {
    const book = new ReportBook()
    for (let minute = 0; minute < 10; minute += 1) {
      const label = structuredClone(PYTHON)
      book.add('orders', START_MS + minute * MINUTE_MS, { report: invocation({}), label })
    }
    expect(book.save().labels['orders']).toHaveLength(1)
  })

  it('of an earlier version has none, and is counted on', () => {
    const book = new ReportBook({ orders: { [START_MS]: { add: { invocations: 3 }, max: {} } } })
    book.add('orders', START_MS, { report: invocation({}), label: PYTHON })
    const [final] = book.takeFinal(START_MS + MINUTE_MS)
    expect(final).toMatchObject({ minute: { add: { invocations: 4 } }, label: undefined })
  })

  it.each(['constructor', 'toString', '__proto__'])(
    'of an earlier version goes on for a function named %s',
    (functionName) => {
      const report = invocation({})
      const before = new ReportBook()
      before.add(functionName, START_MS, { report, label: PYTHON })
      const after = new ReportBook(before.save().reports)
      after.add(functionName, START_MS, { report, label: PYTHON })
      expect(reopen(after).takeFinal(START_MS + MINUTE_MS)).toMatchObject([
        { functionName, minute: { add: { invocations: 2 } }, label: undefined },
      ])
      const labelled = reopen(before).takeFinal(START_MS + MINUTE_MS)
      expect(labelled).toMatchObject([{ functionName, label: PYTHON }])
    },
  )
})
