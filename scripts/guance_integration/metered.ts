import type { RunContext, Usage } from 'guance-aws-lambda/dff'

/** What a run asked of AWS so far, by API, account and region; gone with the run. */
const meteredOfRun = new WeakMap<RunContext, Map<string, Usage>>()

/** Meters for the host, and adds up for who asks within the run. */
export function meterUsage(context: RunContext, usage: Usage): void {
  context.meter(usage)
  const sums = meteredOfRun.get(context) ?? new Map<string, Usage>()
  meteredOfRun.set(context, sums)
  const key = JSON.stringify([usage.api, usage.accountId, usage.region])
  const { requests = 0, billedMetrics = 0 } = sums.get(key) ?? {}
  sums.set(key, {
    ...usage,
    requests: requests + usage.requests,
    billedMetrics: billedMetrics + usage.billedMetrics,
  })
}

/** What was asked in an account's name so far, retries and further pages included. */
export function meteredOf(context: RunContext, accountId: string): readonly Usage[] {
  return [...(meteredOfRun.get(context)?.values() ?? [])].filter((usage) => usage.accountId === accountId)
}
