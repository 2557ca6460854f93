import { DAY_MS, type Expectation, type RunContext } from 'guance-aws-lambda/dff'
import { parseGroup } from './log-group.ts'
import { MarkBook } from './mark-book.ts'

/** Fields that every point of reports has. */
const REPORT_FIELDS = ['invocations', 'cold_starts', 'errors', 'timeouts', 'out_of_memory']

/** Who wrote nothing for so long before the last lines of all may be gone. */
const EXPECTED_FOR_MS = DAY_MS

/** The host forgets receipts after 90 days; of what came long before, by the same clock, nothing is asked. */
const FORGOTTEN_AFTER_MS = 30 * DAY_MS

interface Logs {
  readonly accountId: string
  readonly regions: readonly string[]
  /** Whether lines are delivered. */
  readonly hasLines: boolean
}

/** What must have arrived: points of reports, where some were ever committed, and lines of each group that had some for a day. From state alone. */
export async function expectLogs(
  context: RunContext,
  { accountId, regions, hasLines }: Logs,
): Promise<Expectation> {
  const books = await Promise.all(
    regions.map(async (region) => MarkBook.load(context, `${accountId}/${region}`)),
  )
  const hasReports = books.some((book) => book.hasReports)
  const linedMs = Math.max(0, ...books.map((book) => book.linedMs))
  const afterMs = Math.max(linedMs - EXPECTED_FOR_MS, Date.now() - FORGOTTEN_AFTER_MS)
  const groups = hasLines ? books.flatMap((book) => book.linedAfter(afterMs)) : []
  // What was written, whatever the configuration has come to say since.
  const sources = new Set(groups.map(({ id, linedAs }) => linedAs ?? parseGroup(id, accountId).name))
  return {
    objects: [],
    metrics: hasReports ? [{ measurement: 'aws_lambda_report', fields: REPORT_FIELDS }] : [],
    logs: [...sources].map((measurement) => ({ measurement })),
  }
}
