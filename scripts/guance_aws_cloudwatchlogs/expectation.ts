import { DAY_MS, type Expectation, type RunContext } from 'guance-aws-lambda/dff'
import { parseGroup } from './log-group.ts'
import { MarkBook } from './mark-book.ts'

/** Fields that every point of reports has. */
const REPORT_FIELDS = ['invocations', 'cold_starts', 'errors', 'timeouts', 'out_of_memory']

/** Who wrote nothing for so long before the last lines of all may be gone, and the host forgets receipts some day. */
const EXPECTED_FOR_MS = DAY_MS

interface Logs {
  readonly accountId: string
  readonly regions: readonly string[]
  /** Of all lines, where the configuration names one; else each group is a source. */
  readonly source: string | undefined
}

/** What must have arrived: points of reports, where some were ever committed, and lines of each group that had some for a day. From state alone. */
export async function expectLogs(
  context: RunContext,
  { accountId, regions, source }: Logs,
): Promise<Expectation> {
  const books = await Promise.all(
    regions.map(async (region) => MarkBook.load(context, `${accountId}/${region}`)),
  )
  const hasReports = books.some((book) => book.hasReports)
  const linedMs = Math.max(0, ...books.map((book) => book.linedMs))
  const groups = books.flatMap((book) => book.linedAfter(linedMs - EXPECTED_FOR_MS))
  const sources = new Set(groups.map((id) => source ?? parseGroup(id, accountId).name))
  return {
    objects: [],
    metrics: hasReports ? [{ measurement: 'aws_lambda_report', fields: REPORT_FIELDS }] : [],
    logs: [...sources].map((measurement) => ({ measurement })),
  }
}
