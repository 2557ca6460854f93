import { describe, expect, it } from 'vitest'
import { encodeLine } from '../../../runner/line-protocol/encode.ts'
import { findComputePrice } from '../../../scripts/guance_aws_cloudwatchlogs/compute-price.ts'
import type { InvocationReport } from '../../../scripts/guance_aws_cloudwatchlogs/report-kind.ts'
import {
  addReport,
  EMPTY_MINUTE,
  minuteOf,
} from '../../../scripts/guance_aws_cloudwatchlogs/report-minute.ts'
import { makeReportPoint } from '../../../scripts/guance_aws_cloudwatchlogs/report-point.ts'
import { invocation } from './invocation.ts'

const TIME_MS = Date.UTC(2026, 10, 29, 10)
const tags = { name: '结账', RegionId: 'us-east-1' }

function costOf(reports: readonly InvocationReport[], regionId: string, architecture?: string): unknown {
  const minute = reports.reduce<typeof EMPTY_MINUTE>(addReport, EMPTY_MINUTE)
  const price = findComputePrice(regionId, architecture)
  return makeReportPoint({ minute, timeMs: TIME_MS, tags, price }).fields['estimated_cost_usd']
}

describe('the point of a minute', () => {
  it('has sums in their units, floats alone, and no bucket that is empty', () => {
    const minute = [
      invocation({ durationMs: 12.68, billedDurationMs: 309, initDurationMs: 295.33 }),
      invocation({ durationMs: 1.5, billedDurationMs: 2, maxMemoryUsedMb: 96, memorySizeMb: 256 }),
    ].reduce<typeof EMPTY_MINUTE>(addReport, EMPTY_MINUTE)
    const point = makeReportPoint({
      minute,
      timeMs: TIME_MS,
      tags,
      price: findComputePrice('us-east-1', 'x86_64'),
    })
    expect(point).toEqual({
      category: 'metric',
      measurement: 'aws_lambda_report',
      tags,
      timeMs: TIME_MS,
      fields: {
        invocations: 2,
        cold_starts: 1,
        restores: 0,
        errors: 0,
        timeouts: 0,
        out_of_memory: 0,
        init_failures: 0,
        restore_failures: 0,
        duration_ms_sum: 14.18,
        duration_ms_max: 12.68,
        duration_ms_bucket_2: 1,
        duration_ms_bucket_15: 1,
        billed_duration_ms_sum: 311,
        billed_duration_ms_max: 309,
        billed_duration_ms_bucket_2: 1,
        billed_duration_ms_bucket_500: 1,
        init_duration_ms_sum: 295.33,
        init_duration_ms_max: 295.33,
        init_duration_ms_bucket_300: 1,
        max_memory_used_mb_sum: 160,
        max_memory_used_mb_max: 96,
        max_memory_used_mb_bucket_64: 1,
        max_memory_used_mb_bucket_96: 1,
        memory_size_mb_sum: 384,
        memory_utilization_percent: (160 / 384) * 100,
        memory_utilization_percent_max: 50,
        memory_utilization_percent_bucket_40: 1,
        memory_utilization_percent_bucket_50: 1,
        billed_gb_s: (309 * 128 + 2 * 256) / 1_024_000,
        estimated_cost_usd: expect.closeTo(
          ((309 * 128 + 2 * 256) / 1_024_000) * 0.0000166667 + 2 * 2e-7,
          15,
        ) as number,
      },
    })
    expect(Object.values(point.fields).every((value) => typeof value === 'number')).toBe(true)
    expect(encodeLine(point)).toContain('aws_lambda_report,RegionId=us-east-1,name=结账 ')
  })

  it('tells of failed initialisations where nothing was invoked, without a cost', () => {
    const minute = minuteOf({ kind: 'init', status: 'error', initDurationMs: 5 })
    const { fields } = makeReportPoint({
      minute,
      timeMs: TIME_MS,
      tags,
      price: findComputePrice('us-east-1', 'arm64'),
    })
    expect(fields).toMatchObject({ invocations: 0, init_failures: 1 })
    expect(fields).not.toHaveProperty('estimated_cost_usd')
    expect(fields).not.toHaveProperty('memory_utilization_percent')
  })
})

describe('the estimate of cost', () => {
  // One GB for one second, and one request.
  const second = invocation({ billedDurationMs: 1_000, memorySizeMb: 1_024 })

  it.each([
    ['us-east-1', 'x86_64', 0.0000168667],
    ['us-east-1', 'arm64', 0.0000135334],
    ['af-south-1', 'x86_64', 0.00002237],
    ['ap-east-1', 'arm64', 0.00001858],
  ])('is the list price in %s on %s', (regionId, architecture, costUsd) => {
    expect(costOf([second], regionId, architecture)).toBeCloseTo(costUsd, 12)
  })

  it('is left out where the price is not known', () => {
    expect(costOf([second], 'cn-north-1', 'x86_64')).toBeUndefined()
    expect(costOf([second], 'ap-south-2', 'arm64')).toBeUndefined()
    expect(costOf([second], 'us-east-1', 'riscv')).toBeUndefined()
    expect(costOf([second], 'us-east-1')).toBeUndefined()
    expect(costOf([second], 'constructor', 'x86_64')).toBeUndefined()
  })

  it('is left out where one invocation does not say what it was billed', () => {
    expect(
      costOf([second, invocation({ billedDurationMs: undefined })], 'us-east-1', 'x86_64'),
    ).toBeUndefined()
  })
})
