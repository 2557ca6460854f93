import type { Point, RunContext } from 'guance-aws-lambda/dff'
import { type AwsAccount, DEFAULT_CLOUD_PROVIDER, meteredOf } from 'guance-aws-lambda/sets/guance_integration'
import type { CompiledConfigs } from './targets.ts'

const MEASUREMENT = 'dff_usage'

/** What this run asked of AWS so far as points at its scheduled time; none unless they are asked for. */
export function usagePoints(
  context: RunContext,
  { accountId, account }: Pick<AwsAccount, 'accountId' | 'account'>,
  { configs }: Pick<CompiledConfigs, 'configs'>,
): readonly Point[] {
  if (configs.usagePoints !== true) return []
  return meteredOf(context, accountId).map(({ api, region, requests, billedMetrics }): Point => ({
    category: 'metric',
    measurement: MEASUREMENT,
    tags: {
      ...account.extra_tags,
      account_id: accountId,
      api,
      cloud_provider: configs.cloud_provider ?? DEFAULT_CLOUD_PROVIDER,
      // Both functions of a Startup script may run at the same time, in the same minute.
      function: configs.tier === 'critical' ? 'runCritical' : 'run',
      ...(region === undefined ? {} : { RegionId: region }),
    },
    fields: { requests, billed_metrics: billedMetrics },
    timeMs: context.triggerTimeMs,
  }))
}
