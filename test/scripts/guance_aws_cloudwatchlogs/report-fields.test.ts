import { describe, expect, it } from 'vitest'
import { makeReportFields } from '../../../scripts/guance_aws_cloudwatchlogs/report-fields.ts'
import { readReport } from '../../../scripts/guance_aws_cloudwatchlogs/report.ts'

function fieldsOf(message: string): unknown {
  const report = readReport(message)
  return report === undefined ? undefined : makeReportFields(report)
}

describe('the fields of a report', () => {
  it('are what AWS says of the invocation, and nothing that it does not say', () => {
    const line =
      'REPORT RequestId: 8c360c87-d4b7-4423-b5f3-af02be3c1763\tDuration: 12.68 ms\tBilled Duration: 309 ms\tMemory Size: 512 MB\tMax Memory Used: 93 MB\tInit Duration: 295.33 ms\t\n'
    expect(fieldsOf(line)).toEqual({
      duration_ms: 12.68,
      billed_duration_ms: 309,
      memory_size_mb: 512,
      max_memory_used_mb: 93,
      init_duration_ms: 295.33,
      cold_start: true,
      out_of_memory: false,
      invocation_status: 'success',
    })
  })

  it('tell initialisations and restores apart from invocations', () => {
    expect(
      fieldsOf(
        'INIT_REPORT Init Duration: 5.36 ms\tPhase: init\tStatus: error\tError Type: Runtime.InvalidEntrypoint\n',
      ),
    ).toEqual({
      init_duration_ms: 5.36,
      init_phase: 'init',
      init_status: 'error',
      error_type: 'Runtime.InvalidEntrypoint',
    })
    expect(fieldsOf('RESTORE_REPORT Restore Duration: 1236.04 ms Status: timeout')).toEqual({
      restore_duration_ms: 1_236.04,
      restore_status: 'timeout',
    })
  })
})
