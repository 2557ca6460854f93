import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BUCKET_BOUNDS, fieldOfValue } from '../../../scripts/guance_aws_cloudwatchlogs/bucket-bounds.ts'
import type { InvocationReport, Report } from '../../../scripts/guance_aws_cloudwatchlogs/report-kind.ts'
import {
  addReport,
  addReports,
  EMPTY_MINUTE,
  mergeMinutes,
  minuteOf,
} from '../../../scripts/guance_aws_cloudwatchlogs/report-minute.ts'
import { quantileOf } from '../../../scripts/guance_aws_cloudwatchlogs/quantile.ts'
import { invocation } from './invocation.ts'

const ms = fc.integer({ min: 0, max: 900_000_000 }).map((thousandths) => thousandths / 1_000)
const maybeMs = fc.option(ms, { nil: undefined })

const report: fc.Arbitrary<Report> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc
      .record({
        durationMs: ms,
        billedDurationMs: fc.option(fc.integer({ min: 1, max: 900_000 }), { nil: undefined }),
        memorySizeMb: fc.option(fc.integer({ min: 128, max: 10_240 }), { nil: undefined }),
        maxMemoryUsedMb: fc.option(fc.integer({ min: 1, max: 10_300 }), { nil: undefined }),
        initDurationMs: maybeMs,
        restoreDurationMs: maybeMs,
        status: fc.constantFrom('success', 'error', 'timeout', 'failure'),
        isOutOfMemory: fc.boolean(),
      })
      .map((parts) => invocation(parts)),
  },
  fc.record({
    kind: fc.constant('init' as const),
    status: fc.constantFrom('success', 'error', 'timeout'),
    initDurationMs: ms,
  }),
  fc.record({
    kind: fc.constant('restore' as const),
    status: fc.constantFrom('success', 'error', 'timeout'),
  }),
)

const minute = fc.array(report, { maxLength: 6 }).map((reports) => reports.reduce(addReport, EMPTY_MINUTE))

describe('the minute of a function', () => {
  it('counts, sums and keeps the largest', () => {
    const reports = [
      invocation({ durationMs: 12.68, billedDurationMs: 309, maxMemoryUsedMb: 64, initDurationMs: 295.33 }),
      invocation({ durationMs: 3_000, billedDurationMs: 3_000, maxMemoryUsedMb: 96, status: 'timeout' }),
      invocation({
        durationMs: 40,
        billedDurationMs: 50,
        maxMemoryUsedMb: 128,
        status: 'error',
        isOutOfMemory: true,
        restoreDurationMs: 100,
      }),
    ]
    expect(reports.reduce(addReport, EMPTY_MINUTE)).toEqual({
      add: {
        invocations: 3,
        cold_starts: 2,
        restores: 1,
        errors: 2,
        timeouts: 1,
        out_of_memory: 1,
        duration_ms_sum: 3_052_680,
        duration_ms_bucket_15: 1,
        duration_ms_bucket_3000: 1,
        duration_ms_bucket_50: 1,
        billed_duration_ms_sum: 3_359_000,
        billed_duration_ms_bucket_500: 1,
        billed_duration_ms_bucket_3000: 1,
        billed_duration_ms_bucket_50: 1,
        init_duration_ms_sum: 295_330,
        init_duration_ms_bucket_300: 1,
        restore_duration_ms_sum: 100_000,
        restore_duration_ms_bucket_100: 1,
        max_memory_used_mb_sum: 288_000,
        max_memory_used_mb_bucket_64: 1,
        max_memory_used_mb_bucket_96: 1,
        max_memory_used_mb_bucket_128: 1,
        memory_utilization_percent_bucket_50: 1,
        memory_utilization_percent_bucket_80: 1,
        memory_utilization_percent_bucket_100: 1,
        memory_size_mb_sum: 384_000,
        priced: 3,
        billed_mb_ms: 429_952,
      },
      max: {
        duration_ms_max: 3_000,
        billed_duration_ms_max: 3_000,
        init_duration_ms_max: 295.33,
        restore_duration_ms_max: 100,
        max_memory_used_mb_max: 128,
        memory_utilization_percent_max: 100,
      },
    })
  })

  it('counts an initialisation once, with the invocation that waited for it, and alone only where it failed', () => {
    const first: Report = { kind: 'init', status: 'success', phase: 'init', initDurationMs: 295.33 }
    const both = [first, invocation({ initDurationMs: 295.33 })].reduce(addReport, EMPTY_MINUTE)
    expect(both).toEqual(minuteOf(invocation({ initDurationMs: 295.33 })))
    expect(minuteOf({ kind: 'init', status: 'timeout', initDurationMs: 10_009 })).toEqual({
      add: { init_failures: 1 },
      max: {},
    })
    expect(minuteOf({ kind: 'restore', status: 'error' })).toEqual({ add: { restore_failures: 1 }, max: {} })
  })

  it('merges in any order and grouping to the same', () => {
    fc.assert(
      fc.property(minute, minute, minute, (a, b, c) => {
        expect(mergeMinutes(a, b)).toEqual(mergeMinutes(b, a))
        expect(mergeMinutes(mergeMinutes(a, b), c)).toEqual(mergeMinutes(a, mergeMinutes(b, c)))
        expect(mergeMinutes(a, EMPTY_MINUTE)).toEqual(a)
      }),
      { numRuns: 1_000 },
    )
  })

  it('is the same whether reports are added one by one or in pages, across JSON', () => {
    fc.assert(
      fc.property(fc.array(report, { maxLength: 30 }), fc.nat(30), (reports, cut) => {
        const whole = reports.reduce(addReport, EMPTY_MINUTE)
        const stored = JSON.parse(
          JSON.stringify(reports.slice(0, cut).reduce(addReport, EMPTY_MINUTE)),
        ) as typeof whole
        expect(reports.slice(cut).reduce(addReport, stored)).toEqual(whole)
        expect(addReports(EMPTY_MINUTE, reports)).toEqual(whole)
      }),
      { numRuns: 500 },
    )
  })

  it('counts every value in exactly one bucket', () => {
    fc.assert(
      fc.property(fc.array(report, { maxLength: 30 }), (reports) => {
        const { add } = reports.reduce(addReport, EMPTY_MINUTE)
        const counted = Object.entries(add).filter(([name]) => name.startsWith('duration_ms_bucket_'))
        expect(counted.reduce((sum, [, count]) => sum + count, 0)).toBe(add['invocations'] ?? 0)
        expect(add['invocations'] ?? 0).toBe(reports.filter(({ kind }) => kind === 'invocation').length)
      }),
    )
  })

  it('stays small in a minute with everything', () => {
    const every = addReports(EMPTY_MINUTE, fc.sample(report, { numRuns: 20_000, seed: 7 }))
    expect(JSON.stringify(every).length).toBeLessThan(8_192)
  })
})

describe('buckets', () => {
  it('grow by at most twice from one to the next, from small to the limits of Lambda', () => {
    for (const bounds of Object.values(BUCKET_BOUNDS)) {
      for (const [index, bound] of bounds.entries()) {
        const before = bounds[index - 1]
        if (before === undefined) continue
        expect(bound).toBeGreaterThan(before)
        expect(bound / before).toBeLessThanOrEqual(2)
      }
    }
    expect(BUCKET_BOUNDS.duration_ms.at(-1)).toBe(900_000)
    expect(BUCKET_BOUNDS.max_memory_used_mb.at(-1)).toBe(10_240)
  })

  it('hold their own bound, and what is above the last in the open one', () => {
    expect(fieldOfValue('duration_ms', 0)).toBe('duration_ms_bucket_1')
    expect(fieldOfValue('duration_ms', 100)).toBe('duration_ms_bucket_100')
    expect(fieldOfValue('duration_ms', 100.01)).toBe('duration_ms_bucket_150')
    expect(fieldOfValue('duration_ms', 900_001)).toBe('duration_ms_bucket_inf')
  })
})

/** The definition that a reader of buckets is held against: nearest rank of the sorted values. */
function trueQuantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(1, Math.ceil(share * sorted.length)) - 1] ?? NaN
}

describe('a percentile from buckets', () => {
  it('answers p99 of cold starts per function and hour within the width of a bucket', () => {
    fc.assert(
      fc.property(
        fc.array(ms, { minLength: 1, maxLength: 200 }),
        fc.constantFrom(0, 0.5, 0.9, 0.99, 1),
        (values, share) => {
          // An hour: sixty minutes, each a point of its own.
          const minutes = Array.from({ length: 60 }, (_, at) =>
            values
              .filter((_value, index) => index % 60 === at)
              .map((initDurationMs): InvocationReport => invocation({ initDurationMs }))
              .reduce<typeof EMPTY_MINUTE>(addReport, EMPTY_MINUTE),
          )
          const hour = minutes.reduce(mergeMinutes, EMPTY_MINUTE)
          const answer = quantileOf('init_duration_ms', { ...hour.add, ...hour.max }, share)
          const truth = trueQuantile(values, share)
          expect(answer).toBeDefined()
          if (answer === undefined) return
          expect(truth).toBeLessThanOrEqual(answer.upper)
          expect(truth).toBeGreaterThanOrEqual(answer.lower)
          expect(Math.abs(answer.value - truth)).toBeLessThanOrEqual(answer.upper - answer.lower)
        },
      ),
      { numRuns: 500 },
    )
  })

  it('is undefined where nothing was counted, and the lower bound where the open bucket has no maximum', () => {
    expect(quantileOf('init_duration_ms', {}, 0.99)).toBeUndefined()
    expect(quantileOf('duration_ms', { duration_ms_bucket_inf: 2 }, 0.99)).toEqual({
      value: 900_000,
      lower: 900_000,
      upper: Infinity,
    })
  })
})
