import { describe, expect, it } from 'vitest'
import type { CloudwatchConfigs } from '../../../core/dff.ts'
import type { Series } from '../../../scripts/guance_aws_cloudwatch/series.ts'
import { compileConfigs } from '../../../scripts/guance_aws_cloudwatch/targets.ts'

function series(
  metric: string,
  dimensions: Readonly<Record<string, string>>,
  namespace = 'AWS/Lambda',
): Series {
  return {
    namespace,
    metric,
    dimensions: Object.entries(dimensions).map(([name, value]) => ({ name, value })),
  }
}

const LISTED = [
  series('Errors', {}),
  series('Errors', { FunctionName: 'f' }),
  series('Errors', { FunctionName: 'f', Resource: 'f:1' }),
  series('Duration', { FunctionName: 'f' }),
  series('ProvisionedConcurrencyUtilization', { FunctionName: 'f' }),
  series('ProvisionedConcurrencyUtilization', { FunctionName: 'f', Resource: 'f:live' }),
  series('UnreservedConcurrentExecutions', {}),
  series('PolledEventCount', { EventSourceMappingUUID: 'u' }),
  series('DurableExecutionStarted', { FunctionName: 'f', Resource: 'f:1' }),
  series('DurableExecutionStarted', {}),
]

function select(configs: Partial<CloudwatchConfigs>, listed: readonly Series[] = LISTED): string[] {
  const compiled = compileConfigs({
    regions: ['us-east-1'],
    targets: [{ namespace: 'AWS/Lambda', metrics: 'ALL' }],
    ...configs,
  })
  const selected = compiled.namespaces.flatMap((namespace) => namespace.select(listed))
  return selected.map(
    ({ metric, dimensions }) => `${metric}{${dimensions.map(({ name }) => name).join(',')}}`,
  )
}

describe('targets', () => {
  it('take one dimension set per metric: the function, or the only one where a metric exists', () => {
    expect(select({})).toEqual([
      'Errors{FunctionName}',
      'Duration{FunctionName}',
      'ProvisionedConcurrencyUtilization{FunctionName,Resource}',
      'UnreservedConcurrentExecutions{}',
      'PolledEventCount{EventSourceMappingUUID}',
      'DurableExecutionStarted{FunctionName,Resource}',
    ])
  })

  it('wait for the set of a metric whose sets are documented, which AWS may list later than another', () => {
    const listed = [series('Errors', { FunctionName: 'f', Resource: 'f:1' })]
    expect(select({}, listed)).toEqual([])
  })

  it('take beside a table its indexes, whose values it leaves out, and no set twice', () => {
    const table = (metric: string, more: Readonly<Record<string, string>> = {}) =>
      series(metric, { TableName: 't', ...more }, 'AWS/DynamoDB')
    const targets = [{ namespace: 'AWS/DynamoDB', metrics: ['ALL'] }]
    const index = { GlobalSecondaryIndexName: 'i' }
    const listed = [
      table('ConsumedReadCapacityUnits'),
      {
        ...table('ConsumedReadCapacityUnits', index),
        dimensions: [
          { name: 'GlobalSecondaryIndexName', value: 'i' },
          { name: 'TableName', value: 't' },
        ],
      },
      {
        ...table('ThrottledRequests'),
        dimensions: [
          { name: 'Operation', value: 'Scan' },
          { name: 'TableName', value: 't' },
        ],
      },
      table('ThrottledRequests'),
    ]
    expect(select({ targets }, listed)).toEqual([
      'ConsumedReadCapacityUnits{TableName}',
      'ConsumedReadCapacityUnits{GlobalSecondaryIndexName,TableName}',
      'ThrottledRequests{Operation,TableName}',
    ])
  })

  it('refuse zeros where nobody knows what counts events', () => {
    for (const namespace of ['Made/Up', 'LambdaInsights']) {
      const zeros = { zeros: true, targets: [{ namespace, metrics: ['ALL'] }] }
      expect(() => select(zeros)).toThrow(
        `zeros: expected a target of a namespace with metrics that are known to count events, such as AWS/Lambda, got only ${namespace}`,
      )
    }
    expect(select({ zeros: true })).toEqual(select({}))
  })

  it('take every published set on request', () => {
    expect(select({ grains: 'all' })).toHaveLength(LISTED.length)
  })

  it('take exactly the set that a target names, in any order of names', () => {
    const dimensions = ['Resource', 'FunctionName']
    expect(select({ targets: [{ namespace: 'AWS/Lambda', metrics: ['Errors'], dimensions }] })).toEqual([
      'Errors{FunctionName,Resource}',
    ])
    expect(select({ targets: [{ namespace: 'AWS/Lambda', metrics: ['Errors'], dimensions: [] }] })).toEqual([
      'Errors{}',
    ])
  })

  it('of one namespace are ANDed', () => {
    const targets = [
      { namespace: 'AWS/Lambda', metrics: ['*r*'] },
      { namespace: 'AWS/Lambda', metrics: ['NOT', 'Prov*', 'Dur*'] },
    ]
    expect(select({ targets })).toEqual(['Errors{FunctionName}', 'UnreservedConcurrentExecutions{}'])
  })

  it('take all sets of a namespace without a catalogue', () => {
    const listed = [series('Sent', { QueueName: 'q' }, 'Made/Up'), series('Sent', {}, 'Made/Up')]
    const targets = [{ namespace: 'Made/Up', metrics: ['sent'] }]
    expect(select({ targets }, listed)).toEqual(['Sent{QueueName}', 'Sent{}'])
  })
})

describe('wrong targets', () => {
  const lambda = (metrics: 'ALL' | string[]) => [{ namespace: 'AWS/Lambda', metrics }]

  it.each([
    [
      ['Invocation'],
      /cloudwatchConfigs: targets\[0\]\.metrics\[0\]:.*a metric of AWS\/Lambda.*Did you mean Invocations\?/,
    ],
    [['Durations*'], /"Durations\*", which matches none.*Did you mean Duration\?/],
    [['NOT', 'Erors'], /metrics\[1\]:.*Did you mean Errors\?/],
    [['all'], /Did you mean ALL\?/],
  ])('%j is refused with the nearest name', (metrics, message) => {
    expect(() => select({ targets: lambda(metrics) })).toThrow(message)
  })

  it('accept a new name when asked to', () => {
    const targets = [{ namespace: 'AWS/Lambda', metrics: ['Brand*'], allowUnknownMetrics: true }]
    expect(select({ targets }, [series('BrandNew', { FunctionName: 'f' })])).toEqual([
      'BrandNew{FunctionName}',
    ])
  })

  it('that exclude each other are refused', () => {
    expect(() => select({ targets: [...lambda(['Errors']), ...lambda(['Duration'])] })).toThrow(
      /lists that exclude each other/,
    )
  })

  it('name a statistic’s metric that does not exist', () => {
    expect(() => select({ statistics: { Durations: ['p50'] } })).toThrow(/Did you mean Duration\?/)
  })

  it('are refused by shape: a region, a statistic, RevisionId as a tag', () => {
    expect(() =>
      compileConfigs({ regions: ['us-esat-1'] as unknown as 'auto', targets: lambda('ALL') }),
    ).toThrow(/us-east-1/)
    expect(() => select({ statistics: { Duration: ['p999'] } })).toThrow(/statistics/)
    expect(() => select({ object_tags: ['RevisionId'] })).toThrow(/object_tags/)
  })
})
