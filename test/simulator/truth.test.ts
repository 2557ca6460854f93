import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { FleetOptions } from '../../simulator/truth/fleet.ts'
import { createGenerationCache } from '../../simulator/truth/generation-cache.ts'
import { TRAITS } from '../../simulator/truth/lambda.ts'
import { type Series, seriesKey } from '../../simulator/truth/series.ts'
import { makeSamples, parseStatistic } from '../../simulator/truth/statistic.ts'
import { createTruth } from '../../simulator/truth/truth.ts'

const OPTIONS: FleetOptions = {
  seed: 1,
  accountIds: ['123456789012', '210987654321'],
  regions: ['us-east-1', 'eu-west-1'],
  lambdasPerAccount: 200,
  activeShare: 0.3,
}
const [ACCOUNT = '', OTHER = ''] = OPTIONS.accountIds
const MINUTE_MS = 60_000
const AT_MS = Date.UTC(2026, 10, 23, 12, 0)
const LATER_MS = AT_MS + 600 * MINUTE_MS

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)

describe('the truth', () => {
  it('is the same for the same seed, in whatever order it is asked', () => {
    const [left, right] = [createTruth(OPTIONS), createTruth(OPTIONS)]
    const series = [...left.series(ACCOUNT, 'us-east-1').values()]
    const first = series.map((each) => left.samples(each, AT_MS, LATER_MS))
    const reversed = series.toReversed().map((each) => right.samples(each, AT_MS, LATER_MS))
    expect(reversed.toReversed()).toEqual(first)
    const other = createTruth({ ...OPTIONS, seed: 2 })
    const names = (truth: typeof left) =>
      truth.fleet.lambdas(ACCOUNT, 'us-east-1').map((lambda) => lambda.name)
    expect(names(other)).not.toEqual(names(left))
  })

  it('spreads the functions over the regions, with every trait first and the active share exact', () => {
    const { fleet } = createTruth(OPTIONS)
    for (const region of OPTIONS.regions) {
      const lambdas = fleet.lambdas(ACCOUNT, region)
      expect(lambdas).toHaveLength(100)
      expect(lambdas.slice(0, 12).map((lambda) => lambda.trait)).toEqual(TRAITS)
      expect(lambdas.slice(0, 12).every((lambda) => lambda.isActive)).toBe(true)
      const active = lambdas.slice(12).filter((lambda) => lambda.isActive).length
      expect(active).toBe(100 * 0.3 - Math.floor(12 * 0.3))
    }
    const all = OPTIONS.accountIds.flatMap((account) =>
      OPTIONS.regions.flatMap((region) => fleet.lambdas(account, region)),
    )
    expect(new Set(all.map((lambda) => lambda.id)).size).toBe(400)
    expect(fleet.lambdas(OTHER, 'us-east-1').map((lambda) => lambda.name)).not.toEqual(
      fleet.lambdas(ACCOUNT, 'us-east-1').map((lambda) => lambda.name),
    )
    expect(fleet.lambdas(ACCOUNT, 'ap-east-1')).toEqual([])
  })

  it('has data of every series within an hour', () => {
    const truth = createTruth({ ...OPTIONS, lambdasPerAccount: 24 })
    const minutes = Array.from({ length: 60 }, (_, minute) => AT_MS + minute * MINUTE_MS)
    const isSilent = (series: Series): boolean =>
      minutes.every((atMs) => truth.samples(series, atMs, LATER_MS).length === 0)
    for (const region of OPTIONS.regions) {
      const silent = [...truth.series(ACCOUNT, region)]
        .filter(([, series]) => isSilent(series))
        .map(([key]) => key)
      expect(silent).toEqual([])
    }
  })

  it('has nothing of a minute before it has ended', () => {
    const truth = createTruth(OPTIONS)
    const series = truth.series(ACCOUNT, 'us-east-1').get('Invocations')
    expect(series).toBeDefined()
    expect(truth.samples(series as Series, AT_MS, AT_MS + MINUTE_MS - 1)).toEqual([])
    expect(truth.samples(series as Series, AT_MS, AT_MS + MINUTE_MS).length).toBeGreaterThan(0)
  })

  it('adds functions up to the region, and routes up to their function, exactly', () => {
    const truth = createTruth(OPTIONS)
    const all = truth.series(ACCOUNT, 'us-east-1')
    const total = (key: string): number => {
      const series = all.get(key)
      return series === undefined ? Number.NaN : sum(truth.samples(series, AT_MS, LATER_MS))
    }
    const ofSet = (metric: string, names: string): number =>
      sum(
        [...all]
          .filter(
            ([, series]) =>
              series.metric === metric && series.dimensions.map(({ Name }) => Name).join() === names,
          )
          .map(([key]) => total(key)),
      )
    for (const metric of ['Invocations', 'Errors', 'Throttles', 'Duration']) {
      expect(ofSet(metric, 'FunctionName')).toBe(total(metric))
      expect(ofSet(metric, 'FunctionName,Resource')).toBe(total(metric))
    }
  })

  it('publishes a zero of Errors and Throttles for each invocation', () => {
    const truth = createTruth(OPTIONS)
    const [lambda] = truth.fleet.lambdas(ACCOUNT, 'us-east-1')
    const samples = (metric: string): readonly number[] => {
      const key = seriesKey(metric, [{ Name: 'FunctionName', Value: lambda?.name ?? '' }])
      return truth.samples(truth.series(ACCOUNT, 'us-east-1').get(key) as Series, AT_MS, LATER_MS)
    }
    expect(samples('Throttles')).toEqual(samples('Invocations').map(() => 0))
    expect(samples('Errors')).toHaveLength(samples('Invocations').length)
  })
})

describe('a statistic', () => {
  const values = [1, 2, 3, 4, 5, 6, 7, 8, 9, 100]

  it.each([
    ['p50', 5],
    ['p90', 9],
    ['p99', 100],
    ['p99.9', 100],
    ['p0', 1],
    ['tm90', 5],
    ['TM(10%:90%)', 5.5],
    ['tm(2:5)', 4],
    ['tc90', 9],
    ['TS(10%:90%)', 44],
    ['wm90', 5.4],
    ['PR(:5)', 50],
    ['IQM', 5.5],
    ['Sum', 145],
  ])('%s of ten samples is %d', (name, expected) => {
    expect(parseStatistic(name)?.(makeSamples(values))).toBeCloseTo(expected, 12)
  })

  it.each([
    '',
    'sum',
    'p',
    'p101',
    'p-1',
    'p99%',
    'tm(90%:10%)',
    'tm(:)',
    'tm(10%:90)',
    'PR(10%:90%)',
    'constructor',
    'mean',
  ])('%j is none', (name) => {
    expect(parseStatistic(name)).toBeUndefined()
  })

  it('is exact in whatever order durations are added', () => {
    const quarters = fc.array(
      fc.integer({ min: 3, max: 3_600_000 }).map((value) => value / 4),
      { minLength: 1 },
    )
    fc.assert(
      fc.property(quarters, (durations) => {
        const shuffled = durations.toReversed()
        for (const name of ['Sum', 'Average', 'p90', 'Maximum', 'Minimum']) {
          const statistic = parseStatistic(name)
          expect(statistic?.(makeSamples(shuffled))).toBe(statistic?.(makeSamples(durations)))
        }
      }),
    )
  })
})

describe('the generation cache', () => {
  it('keeps the newest and forgets the oldest', () => {
    const cache = createGenerationCache<number, number>(10)
    let made = 0
    const take = (key: number): number => cache.get(key) ?? cache.put(key, ++made)
    for (let key = 0; key < 100; key++) take(key)
    expect(made).toBe(100)
    for (let key = 90; key < 100; key++) take(key)
    expect(made).toBe(100)
    take(0)
    expect(made).toBe(101)
  })
})
