import { CloudWatchClient, type Metric, paginateListMetrics } from '@aws-sdk/client-cloudwatch'
import { isHomeGrain, PROMISED } from '../simulator/control/promise.ts'
import type { SimulatorInfo } from '../tools/simulator-process.ts'

function isPromised({ MetricName = '', Dimensions = [] }: Metric): boolean {
  const names = Dimensions.flatMap(({ Name }) => Name ?? [])
  return Object.hasOwn(PROMISED, MetricName) && isHomeGrain(MetricName, names)
}

/**
 * Billed units of an ideal poll now: Σ⌈S/5⌉ over exactly the series that the default configuration promises, as AWS
 * lists them; none has more than five statistics.
 */
export async function countIdeal({ url, regions, accounts }: SimulatorInfo): Promise<number> {
  let count = 0
  for (const credentials of accounts) {
    for (const region of regions) {
      const client = new CloudWatchClient({ endpoint: url, region, credentials })
      // One region after the other: a bench has time, and the order does not matter.
      for await (const page of paginateListMetrics({ client }, { Namespace: 'AWS/Lambda' })) {
        count += (page.Metrics ?? []).filter(isPromised).length
      }
      client.destroy()
    }
  }
  return count
}
