import { alignDown, type Check, type EpochMs, HOUR_MS, type RunContext } from 'guance-aws-lambda/dff'
import { type ActionProbe, type AwsAccount, probeRegions } from 'guance-aws-lambda/sets/guance_integration'
import type { CompiledConfigs } from './targets.ts'

const LIST = 'cloudwatch:ListMetrics'
const GET = 'cloudwatch:GetMetricData'

function listProbe(namespace: string): ActionProbe {
  return {
    action: LIST,
    gives: 'metrics: nothing says which exist',
    send: async (region) => {
      const { ListMetricsCommand } = await import('@aws-sdk/client-cloudwatch')
      const client = await region.cloudwatch()
      return region.call(LIST, async (abortSignal) =>
        client.send(new ListMetricsCommand({ Namespace: namespace }), { abortSignal }),
      )
    },
  }
}

/** One metric for one minute: costs 0.00001 USD (aws.md §1.4). */
function getProbe(namespace: string, nowMs: number): ActionProbe {
  return {
    action: GET,
    gives: 'metrics',
    send: async (region) => {
      const { GetMetricDataCommand } = await import('@aws-sdk/client-cloudwatch')
      const client = await region.cloudwatch()
      const endMs = alignDown(nowMs, HOUR_MS)
      const metric = { Namespace: namespace, MetricName: 'Invocations', Dimensions: [] }
      const query = { Id: 'q0', MetricStat: { Metric: metric, Period: 60, Stat: 'Sum' } }
      const input = {
        MetricDataQueries: [query],
        StartTime: new Date(endMs - 60_000),
        EndTime: new Date(endMs),
      }
      return region.call(GET, async (abortSignal) =>
        client.send(new GetMetricDataCommand(input), { abortSignal }),
      )
    },
  }
}

interface Examination {
  readonly context: RunContext
  readonly account: AwsAccount
  readonly regions: readonly string[]
}

/** The two actions that metrics need. */
export function cloudwatchProbes({ namespaces }: CompiledConfigs, nowMs: EpochMs): readonly ActionProbe[] {
  const namespace = namespaces[0]?.namespace ?? 'AWS/Lambda'
  return [listProbe(namespace), getProbe(namespace, nowMs)]
}

/** Tries them in each region. */
export async function examineCloudwatch(
  examination: Examination,
  configs: CompiledConfigs,
): Promise<Check[]> {
  return probeRegions(examination, cloudwatchProbes(configs, examination.context.triggerTimeMs))
}
