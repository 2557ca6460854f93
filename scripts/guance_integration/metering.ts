import type { Usage } from 'guance-aws-lambda/dff'
import type { AwsClock } from './aws-clock.ts'

/** AWS bills up to five statistics of one metric in one request as one metric (aws.md §1.4). */
const STATISTICS_PER_BILLED_METRIC = 5

interface MetricStatShape {
  readonly Metric?:
    | {
        readonly Namespace?: string | undefined
        readonly MetricName?: string | undefined
        readonly Dimensions?:
          | readonly { readonly Name?: string | undefined; readonly Value?: string | undefined }[]
          | undefined
      }
    | undefined
  readonly Period?: number | undefined
}

interface QueryShape {
  readonly MetricStat?: MetricStatShape | undefined
}

/** Metrics that AWS bills for so many statistics of one metric, asked for in one request. */
export function billedFor(statistics: number): number {
  return Math.ceil(statistics / STATISTICS_PER_BILLED_METRIC)
}

/** Metrics that AWS bills for one GetMetricData request: Σ over its distinct metrics of ⌈statistics / 5⌉. */
export function countBilledMetrics(queries: readonly QueryShape[]): number {
  const statistics = new Map<string, number>()
  for (const { MetricStat } of queries) {
    const metric = JSON.stringify([MetricStat?.Metric, MetricStat?.Period])
    statistics.set(metric, (statistics.get(metric) ?? 0) + 1)
  }
  return [...statistics.values()].reduce((sum, count) => sum + billedFor(count), 0)
}

function billedMetricsOf(input: object): number {
  const queries = (input as { readonly MetricDataQueries?: readonly QueryShape[] }).MetricDataQueries
  return queries === undefined ? 0 : countBilledMetrics(queries)
}

function dateHeaderOf(response: unknown): string | undefined {
  return (response as { readonly headers?: Readonly<Record<string, string>> } | undefined)?.headers?.['date']
}

/**
 * SDK middleware below the SDK's own retries, so that every attempt is metered: AWS bills a retried request too.
 * It also reads AWS's time from each reply.
 */
export function meterAttempts(
  service: string,
  {
    meter,
    clock,
    spend,
  }: {
    readonly meter: (usage: Usage) => void
    readonly clock: AwsClock
    /** Rejects where no more may be spent, and then nothing is sent. */
    readonly spend: (billedMetrics: number) => Promise<void>
  },
) {
  return <Args extends { readonly input: object }, Result extends { readonly response: unknown }>(
    next: (args: Args) => Promise<Result>,
    execution: { readonly commandName?: string },
  ) =>
    async (args: Args): Promise<Result> => {
      const api = `${service}:${(execution.commandName ?? 'Unknown').replace(/Command$/, '')}`
      const billedMetrics = billedMetricsOf(args.input)
      await spend(billedMetrics)
      meter({ api, requests: 1, billedMetrics })
      const result = await next(args)
      clock.observe(dateHeaderOf(result.response))
      return result
    }
}
