import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Outcome } from '../../../core/dff.ts'
import type { Datapoints, QueryOutcome } from '../../../scripts/guance_aws_cloudwatch/fetch.ts'
import { makePoints } from '../../../scripts/guance_aws_cloudwatch/points.ts'
import type { Series } from '../../../scripts/guance_aws_cloudwatch/series.ts'
import { makeTags } from '../../../scripts/guance_aws_cloudwatch/tags.ts'

function seriesOf(metric: string, dimensions: Readonly<Record<string, string>>): Series {
  return {
    namespace: 'AWS/Lambda',
    metric,
    dimensions: Object.entries(dimensions).map(([name, value]) => ({ name, value })),
  }
}

function complete(series: Series, statistic: string, pairs: readonly [number, number][]): QueryOutcome {
  const outcome: Outcome<Datapoints> = { kind: 'complete', value: new Map(pairs) }
  return { query: { id: 'q0', series, statistic }, outcome }
}

const SOURCES = {
  accountId: '123456789012',
  region: 'cn-north-1',
  cloudProvider: 'aws',
  extraTags: { account_name: 'AWS_Lambda' },
  nameDimension: 'FunctionName',
  inventory: undefined,
  objectTags: ['Runtime'],
}

describe('points', () => {
  it('are one per dimension set and minute, with a field per metric and statistic', () => {
    const f = { FunctionName: '函数, "x"' }
    const points = makePoints(
      [
        complete(seriesOf('Errors', f), 'Sum', [
          [120_000, 1],
          [60_000, 0],
        ]),
        complete(seriesOf('Duration', f), 'p99.9', [[60_000, 12.5]]),
        complete(seriesOf('UnreservedConcurrentExecutions', {}), 'Maximum', [[60_000, 7]]),
      ],
      makeTags(SOURCES),
    )
    const tags = {
      FunctionName: '函数, "x"',
      name: '函数, "x"',
      Dimensions: 'FunctionName',
      RegionId: 'cn-north-1',
      cloud_provider: 'aws',
      account_id: '123456789012',
      account_name: 'AWS_Lambda',
    }
    const base = { category: 'metric', measurement: 'aws_AWS/Lambda' }
    expect(points).toEqual([
      { ...base, tags, fields: { Errors_Sum: 0, Duration_p99_9: 12.5 }, timeMs: 60_000 },
      { ...base, tags, fields: { Errors_Sum: 1 }, timeMs: 120_000 },
      {
        ...base,
        tags: {
          RegionId: 'cn-north-1',
          cloud_provider: 'aws',
          account_id: '123456789012',
          account_name: 'AWS_Lambda',
        },
        fields: { UnreservedConcurrentExecutions_Maximum: 7 },
        timeMs: 60_000,
      },
    ])
  })

  it('hold every datapoint of the complete queries, whatever their order', () => {
    const pairs = fc.uniqueArray(fc.tuple(fc.nat(50), fc.double({ noNaN: true })), {
      selector: ([minute]) => minute,
    })
    const shape = fc.record({
      name: fc.constantFrom('a', 'b'),
      metric: fc.constantFrom('Errors', 'Duration'),
      pairs,
    })
    fc.assert(
      fc.property(
        fc.uniqueArray(shape, { selector: ({ name, metric }) => `${name} ${metric}` }),
        (shapes) => {
          const outcomes = shapes.map((one) =>
            complete(seriesOf(one.metric, { FunctionName: one.name }), 'Sum', one.pairs),
          )
          const key = (one: { tags: object; timeMs: number }) => `${JSON.stringify(one.tags)} ${one.timeMs}`
          const points = makePoints(outcomes, makeTags(SOURCES))
          expect(new Set(points.map(key)).size).toBe(points.length)
          const values = points.reduce((sum, { fields }) => sum + Object.keys(fields).length, 0)
          expect(values).toBe(shapes.reduce((sum, one) => sum + one.pairs.length, 0))
          const reversed = makePoints(outcomes.toReversed(), makeTags(SOURCES))
          expect(reversed.toSorted((a, b) => key(a).localeCompare(key(b)))).toEqual(
            points.toSorted((a, b) => key(a).localeCompare(key(b))),
          )
        },
      ),
    )
  })
})

describe('tags', () => {
  const inventory = {
    listedAtMs: 0,
    entries: [{ name: 'f', tags: { Runtime: 'nodejs24.x', Role: 'r', RegionId: 'elsewhere' } }],
    aliases: { 'uuid-1': 'f' },
  }

  it('take over the allowed tags of the linked function', () => {
    const tagsOf = makeTags({ ...SOURCES, inventory })
    expect(tagsOf(seriesOf('Errors', { FunctionName: 'f' }))).toMatchObject({ Runtime: 'nodejs24.x' })
    expect(tagsOf(seriesOf('Errors', { FunctionName: 'f' }))).not.toHaveProperty('Role')
    expect(tagsOf(seriesOf('Errors', { FunctionName: 'g' }))).not.toHaveProperty('Runtime')
  })

  it('name the function of an event source mapping', () => {
    const tagsOf = makeTags({ ...SOURCES, inventory })
    expect(tagsOf(seriesOf('PolledEventCount', { EventSourceMappingUUID: 'uuid-1' }))).toMatchObject({
      EventSourceMappingUUID: 'uuid-1',
      Dimensions: 'EventSourceMappingUUID',
      name: 'f',
      Runtime: 'nodejs24.x',
    })
    expect(tagsOf(seriesOf('PolledEventCount', { EventSourceMappingUUID: 'other' }))).not.toHaveProperty(
      'name',
    )
  })

  it('never overwrite a point’s own, and let the user’s win over the object’s', () => {
    const tagsOf = makeTags({
      ...SOURCES,
      inventory,
      objectTags: ['Runtime', 'RegionId'],
      extraTags: { FunctionName: 'no', Dimensions: 'no', Runtime: 'mine', empty: '' },
    })
    const tags = tagsOf(seriesOf('Errors', { FunctionName: 'f' }))
    expect(tags).toMatchObject({
      FunctionName: 'f',
      Dimensions: 'FunctionName',
      RegionId: 'cn-north-1',
      Runtime: 'mine',
    })
    expect(tags).not.toHaveProperty('empty')
  })
})
