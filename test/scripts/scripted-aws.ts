import type { AskedCall, ScriptedReply } from './scripted-cloudwatch.ts'

/** A metric with a dimension set, as AWS lists it. */
export interface ListedMetric {
  readonly namespace: string
  readonly metric: string
  readonly dimensions: Readonly<Record<string, string>>
}

/** One query of a GetMetricData call, as it crosses the wire. */
export interface AskedQuery {
  readonly Id: string
  readonly MetricStat: {
    readonly Metric: {
      readonly Namespace: string
      readonly MetricName: string
      readonly Dimensions: readonly { readonly Name: string; readonly Value: string }[]
    }
    readonly Period: number
    readonly Stat: string
  }
}

/** What this AWS has and says. */
export interface AwsScript {
  readonly listed: readonly ListedMetric[]
  /** Value of a metric's minute, for every statistic; undefined where there is no datapoint. */
  readonly valueOf: (metric: string, minuteMs: number) => number | undefined
  /** A reply instead of the usual one. */
  readonly instead?: (call: AskedCall) => ScriptedReply | undefined
}

/** A metric of one function. */
export const lambda = (metric: string, functionName: string): ListedMetric => ({
  namespace: 'AWS/Lambda',
  metric,
  dimensions: { FunctionName: functionName },
})

function listReply({ listed }: AwsScript, input: Record<string, unknown>): ScriptedReply {
  const offset = Number(input['NextToken'] ?? 0)
  const wanted = listed.filter(({ namespace }) =>
    [undefined, namespace].includes(input['Namespace'] as string),
  )
  const Metrics = wanted.slice(offset, offset + 500).map(({ namespace, metric, dimensions }) => ({
    Namespace: namespace,
    MetricName: metric,
    Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })),
  }))
  return wanted.length > offset + 500 ? { Metrics, NextToken: String(offset + 500) } : { Metrics }
}

/** Times cross the wire in seconds. */
function dataReply({ valueOf }: AwsScript, input: Record<string, unknown>): ScriptedReply {
  const { StartTime, EndTime, MetricDataQueries } = input as {
    StartTime: number
    EndTime: number
    MetricDataQueries: AskedQuery[]
  }
  const minutes = Array.from({ length: (EndTime - StartTime) / 60 }, (_, index) => StartTime + index * 60)
  const results = MetricDataQueries.map(({ Id, MetricStat }) => {
    const found = minutes.flatMap((second) => {
      const value =
        MetricStat.Period === 60 ? valueOf(MetricStat.Metric.MetricName, second * 1000) : undefined
      return value === undefined ? [] : [{ second, value }]
    })
    return {
      Id,
      StatusCode: 'Complete',
      Timestamps: found.map(({ second }) => second),
      Values: found.map(({ value }) => value),
    }
  })
  return { MetricDataResults: results }
}

/** Answers ListMetrics and GetMetricData by the script, as AWS would. */
export function answerAs(script: AwsScript): (call: AskedCall) => ScriptedReply {
  return (call) => {
    const instead = script.instead?.(call)
    if (instead !== undefined) return instead
    return call.target === 'ListMetrics' ? listReply(script, call.input) : dataReply(script, call.input)
  }
}

export function queriesOf({ input }: AskedCall): readonly AskedQuery[] {
  return input['MetricDataQueries'] as AskedQuery[]
}
