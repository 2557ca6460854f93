import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { FleetOptions } from '../../simulator/truth/fleet.ts'
import { DEFAULT_LATE } from '../../simulator/truth/lateness.ts'
import { type Series, seriesKey } from '../../simulator/truth/series.ts'
import { createTruth, type Truth } from '../../simulator/truth/truth.ts'

const ACCOUNT = '123456789012'
const REGION = 'us-east-1'
const OPTIONS: FleetOptions = {
  seed: 1,
  accountIds: [ACCOUNT],
  regions: [REGION],
  lambdasPerAccount: 24,
  activeShare: 1,
}
const MINUTE_MS = 60_000
const AT_MS = Date.UTC(2026, 10, 23, 12, 0)
/** A horizon that an engine may assume: the minute itself, 3 minutes, and the longest invocation. */
const settledMs = (timeoutSec: number): number => MINUTE_MS + 180_000 + timeoutSec * 1_000

function find(truth: Truth, metric: string, index = 0): Series {
  const name = truth.fleet.lambdas(ACCOUNT, REGION)[index]?.name ?? ''
  const series = truth.series(ACCOUNT, REGION).get(seriesKey(metric, [{ Name: 'FunctionName', Value: name }]))
  if (!series) throw new Error(`no ${metric} of ${name}`)
  return series
}

function timeoutOf(series: Series): number {
  return series.scope.kind === 'region' ? 900 : series.scope.lambda.timeoutSec
}

describe('a truth without late data', () => {
  it('is to the last sample what it was before there were any', () => {
    const options = { ...OPTIONS, regions: [REGION, 'eu-west-1'], lambdasPerAccount: 60, activeShare: 0.3 }
    const truth = createTruth(options)
    const hash = createHash('sha256')
    for (const region of options.regions) {
      for (const [key, series] of truth.series(ACCOUNT, region)) {
        for (let minute = 0; minute < 60; minute++) {
          const values = truth.samples(series, AT_MS + minute * MINUTE_MS, AT_MS + 60 * MINUTE_MS)
          hash.update(`${key} ${minute} ${values.join()}\n`)
        }
      }
    }
    // Computed by the simulator of the first release; the demo's figures hang on it.
    expect(hash.digest('hex')).toBe('55577a58743192adb93d3bf4e340e63b78c53feb3e1672c8b7761df3b1719575')
  })
})

describe('late data', () => {
  it('grow to what a punctual truth has, never shrink, and are the same in whatever order they are asked for', () => {
    const late = createTruth(OPTIONS, DEFAULT_LATE)
    const other = createTruth(OPTIONS, DEFAULT_LATE)
    const punctual = createTruth(OPTIONS)
    const keys = [...late.series(ACCOUNT, REGION).keys()]
    const of = (truth: Truth, key: string): Series => truth.series(ACCOUNT, REGION).get(key) as Series
    fc.assert(
      fc.property(
        fc.constantFrom(...keys),
        fc.integer({ min: 0, max: 240 }),
        fc.array(fc.integer({ min: 0, max: 8 * 3_600_000 }), { maxLength: 6 }),
        (key, minute, delays) => {
          const atMs = AT_MS + minute * MINUTE_MS
          let held: readonly number[] = []
          for (const delayMs of delays.toSorted((left, right) => left - right)) {
            const seen = late.samples(of(late, key), atMs, atMs + delayMs)
            expect(seen.length).toBeGreaterThanOrEqual(held.length)
            expect(other.samples(of(other, key), atMs, atMs + delayMs)).toEqual(seen)
            held = seen
          }
          const final = punctual.samples(of(punctual, key), atMs, Number.POSITIVE_INFINITY)
          expect(late.samples(of(late, key), atMs, Number.POSITIVE_INFINITY)).toEqual(final)
        },
      ),
    )
  })

  it('are final within three minutes of the longest invocation, the stragglers left out', () => {
    const truth = createTruth(OPTIONS, DEFAULT_LATE)
    const growing = new Set<string>()
    for (const series of truth.series(ACCOUNT, REGION).values()) {
      for (let minute = 0; minute < 60; minute++) {
        const atMs = AT_MS + minute * MINUTE_MS
        if (truth.isStraggling(series, atMs)) continue
        const final = truth.samples(series, atMs, Number.POSITIVE_INFINITY)
        expect(truth.samples(series, atMs, atMs + settledMs(timeoutOf(series)))).toEqual(final)
        if (truth.samples(series, atMs, atMs + 2 * MINUTE_MS).length < final.length)
          growing.add(series.metric)
      }
    }
    expect([...growing]).toEqual(
      expect.arrayContaining(['Invocations', 'Errors', 'Duration', 'AsyncEventsReceived']),
    )
  })

  it('show what is counted at a request before the long invocation that it began has ended', () => {
    const truth = createTruth({ ...OPTIONS, lambdasPerAccount: 12 }, { ...DEFAULT_LATE, lateShare: 0 })
    const long = truth.fleet.lambdas(ACCOUNT, REGION).findIndex(({ trait }) => trait === 'long')
    const seen = (metric: string): number => {
      const minutes = Array.from({ length: 30 }, (_, minute) => AT_MS + minute * MINUTE_MS)
      const series = find(truth, metric, long)
      return minutes.reduce((sum, atMs) => sum + truth.samples(series, atMs, atMs + 220_000).length, 0)
    }
    expect(seen('Throttles')).toBeGreaterThan(seen('Invocations'))
    expect(seen('ConcurrentExecutions')).toBe(seen('Throttles'))
  })

  it('come one to six hours late for one function-minute in a thousand, half of them only in part', () => {
    const truth = createTruth({ ...OPTIONS, lambdasPerAccount: 100 }, DEFAULT_LATE)
    const all = truth.fleet.lambdas(ACCOUNT, REGION).map((_, index) => find(truth, 'Invocations', index))
    let late = 0
    let partial = 0
    for (const series of all) {
      for (let minute = 0; minute < 1_000; minute++) {
        const atMs = AT_MS + minute * MINUTE_MS
        if (!truth.isStraggling(series, atMs)) continue
        late++
        const final = truth.samples(series, atMs, Number.POSITIVE_INFINITY)
        const early = truth.samples(series, atMs, atMs + settledMs(timeoutOf(series)))
        if (final.length > 0) expect(early.length).toBeLessThan(final.length)
        if (early.length > 0) partial++
        expect(truth.samples(series, atMs, atMs + 6 * 3_600_000 + settledMs(timeoutOf(series)))).toEqual(
          final,
        )
      }
    }
    expect(late).toBeGreaterThan(60)
    expect(late).toBeLessThan(150)
    expect(partial).toBeGreaterThan(10)
  })
})
