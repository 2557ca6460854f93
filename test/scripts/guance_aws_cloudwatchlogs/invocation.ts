import type { InvocationReport } from '../../../scripts/guance_aws_cloudwatchlogs/report-kind.ts'

type Parts = { readonly [K in keyof InvocationReport]?: InvocationReport[K] | undefined }

/** A report of 10 ms and 128 MB, but for the parts given; what is given as undefined AWS did not say. */
export function invocation(parts: Parts): InvocationReport {
  const whole = {
    kind: 'invocation',
    requestId: '8c360c87-d4b7-4423-b5f3-af02be3c1763',
    status: 'success',
    durationMs: 10,
    billedDurationMs: 10,
    memorySizeMb: 128,
    maxMemoryUsedMb: 64,
    isColdStart: parts.initDurationMs !== undefined || parts.restoreDurationMs !== undefined,
    isOutOfMemory: false,
    ...parts,
  }
  return Object.fromEntries(
    Object.entries(whole).filter(([, value]) => value !== undefined),
  ) as unknown as InvocationReport
}
