import type { Expectation, RunContext } from 'guance-aws-lambda/dff'
import { loadList } from './chunked-state.ts'
import { type MarkHead, markKey } from './mark-book.ts'

/** Fields that every point of reports has. */
const REPORT_FIELDS = ['invocations', 'cold_starts', 'errors', 'timeouts', 'out_of_memory']

/** What must have arrived: points of reports, where some were committed. From state alone. */
export async function expectLogs(
  context: RunContext,
  accountId: string,
  regions: readonly string[],
): Promise<Expectation> {
  const kept = await Promise.all(
    regions.map(async (region) => loadList<MarkHead, unknown>(context, markKey(`${accountId}/${region}`))),
  )
  const hasReports = kept.some((one) => one?.head.hasReports === true)
  const fields = REPORT_FIELDS
  return { objects: [], metrics: hasReports ? [{ measurement: 'aws_lambda_report', fields }] : [] }
}
