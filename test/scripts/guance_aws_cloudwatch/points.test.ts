import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Outcome } from '../../../core/dff.ts'
import type { Datapoints, QueryOutcome } from '../../../scripts/guance_aws_cloudwatch/fetch.ts'
import { makeLines, makePoints } from '../../../scripts/guance_aws_cloudwatch/points.ts'
import type { Entry } from '../../../scripts/guance_aws_cloudwatch/ledger.ts'
import type { Series } from '../../../scripts/guance_aws_cloudwatch/series.ts'
import { changeTags, makeTags, tagsAt } from '../../../scripts/guance_aws_cloudwatch/tags.ts'

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

const ENTRY: Entry = {
  throughMs: 0,
  polledMs: 0,
  firstMs: 0,
  fields: '',
  former: [],
  missing: '',
  holes: [],
  elsewhere: [],
  tags: {},
  past: [],
  waits: 0,
  gaps: [],
  done: [],
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

const F = seriesOf('Errors', { FunctionName: '函数, "x"' })

describe('lines', () => {
  it('have a field per metric and statistic at each minute, and nothing of what is not complete', () => {
    const open: QueryOutcome = {
      query: { id: 'q9', series: seriesOf('Throttles', {}), statistic: 'Sum' },
      outcome: { kind: 'partial', value: new Map([[60_000, 9]]), reason: 'PartialData' },
    }
    const lines = makeLines([
      complete(F, 'Sum', [
        [120_000, 1],
        [60_000, 0],
      ]),
      complete(seriesOf('Duration', {}), 'p99.9', [[60_000, 12.5]]),
      open,
    ])
    expect(lines).toEqual(
      new Map([
        [120_000, { Errors_Sum: 1 }],
        [60_000, { Errors_Sum: 0, Duration_p99_9: 12.5 }],
      ]),
    )
  })

  it('hold every datapoint of the complete queries, whatever their order', () => {
    const pairs = fc.uniqueArray(fc.tuple(fc.nat(50), fc.double({ noNaN: true })), {
      selector: ([minute]) => minute,
    })
    const shape = fc.record({ metric: fc.constantFrom('Errors', 'Duration', 'Throttles'), pairs })
    fc.assert(
      fc.property(fc.uniqueArray(shape, { selector: ({ metric }) => metric }), (shapes) => {
        const outcomes = shapes.map((one) => complete(seriesOf(one.metric, {}), 'Sum', one.pairs))
        const lines = makeLines(outcomes)
        const values = [...lines.values()].reduce((sum, fields) => sum + Object.keys(fields).length, 0)
        expect(values).toBe(shapes.reduce((sum, one) => sum + one.pairs.length, 0))
        expect(makeLines(outcomes.toReversed())).toEqual(lines)
      }),
    )
  })
})

describe('points', () => {
  it('are one per line, with the tags that each minute was first written with', () => {
    const lineTags = makeTags(SOURCES)(F)
    const past = [{ untilMs: 120_000, tags: { account_name: 'old', cloud_provider: 'aws' } }]
    const history = { tags: lineTags.changing, past }
    const writes = [60_000, 120_000].map((timeMs) => ({ timeMs, fields: { Errors_Sum: timeMs } }))
    const tags = {
      FunctionName: '函数, "x"',
      name: '函数, "x"',
      Dimensions: 'FunctionName',
      RegionId: 'cn-north-1',
      cloud_provider: 'aws',
      account_id: '123456789012',
    }
    const base = { category: 'metric', measurement: 'aws_AWS/Lambda' }
    expect(makePoints(F, writes, { lineTags, history })).toEqual([
      { ...base, tags: { ...tags, account_name: 'old' }, fields: { Errors_Sum: 60_000 }, timeMs: 60_000 },
      {
        ...base,
        tags: { ...tags, account_name: 'AWS_Lambda' },
        fields: { Errors_Sum: 120_000 },
        timeMs: 120_000,
      },
    ])
  })

  it('of the account-wide set carry no name and no Dimensions', () => {
    const series = seriesOf('UnreservedConcurrentExecutions', {})
    const lineTags = makeTags(SOURCES)(series)
    const [point] = makePoints(series, [{ timeMs: 0, fields: { a: 1 } }], {
      lineTags,
      history: { tags: lineTags.changing, past: [] },
    })
    expect(point?.tags).toEqual({
      RegionId: 'cn-north-1',
      cloud_provider: 'aws',
      account_id: '123456789012',
      account_name: 'AWS_Lambda',
    })
  })
})

describe('tags', () => {
  const inventory = {
    listedAtMs: 0,
    pages: 1,
    sweep: {},
    entries: [{ name: 'f', tags: { Runtime: 'nodejs24.x', Role: 'r', RegionId: 'elsewhere' } }],
    aliases: { 'uuid-1': 'f' },
  }

  const joined = (sources: Parameters<typeof makeTags>[0]) => (series: Series) => {
    const { own, changing } = makeTags(sources)(series)
    return { ...changing, ...own }
  }

  it('take over the allowed tags of the linked function', () => {
    const tagsOf = joined({ ...SOURCES, inventory })
    expect(tagsOf(seriesOf('Errors', { FunctionName: 'f' }))).toMatchObject({ Runtime: 'nodejs24.x' })
    expect(tagsOf(seriesOf('Errors', { FunctionName: 'f' }))).not.toHaveProperty('Role')
    expect(tagsOf(seriesOf('Errors', { FunctionName: 'g' }))).not.toHaveProperty('Runtime')
  })

  it('name the function of an event source mapping', () => {
    const tagsOf = joined({ ...SOURCES, inventory })
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
    const tagsOf = joined({
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

  it('of a minute stay those it was first written with, however often they change', () => {
    const changeArbitrary = fc.array(
      fc.record({ minutes: fc.nat(30), runtime: fc.constantFrom('nodejs22.x', 'nodejs24.x', 'python3.13') }),
      { maxLength: 12 },
    )
    fc.assert(
      fc.property(changeArbitrary, (changes) => {
        let history: Pick<Entry, 'tags' | 'past'> = { tags: { Runtime: 'first' }, past: [] }
        const written = new Map<number, string>()
        let through = 0
        for (const { minutes, runtime } of changes) {
          history = changeTags(
            { ...ENTRY, ...history },
            { Runtime: runtime },
            { fromMs: through, keepMs: -1 },
          )
          for (let minute = through; minute < through + minutes; minute += 1) written.set(minute, runtime)
          through += minutes
          for (const [minute, first] of written) expect(tagsAt(history, minute)['Runtime']).toBe(first)
        }
      }),
    )
  })
})
