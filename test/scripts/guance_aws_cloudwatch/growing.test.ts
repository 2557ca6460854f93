import { describe, expect, it } from 'vitest'
import { findCatalogue } from '../../../scripts/guance_aws_cloudwatch/catalogue.ts'
import { isGrowingField } from '../../../scripts/guance_aws_cloudwatch/growing.ts'

describe('a field that can only grow', () => {
  it.each([
    ['AWS/Lambda', 'Invocations_Sum', true],
    ['AWS/Lambda', 'Duration_Maximum', true],
    ['AWS/Lambda', 'Duration_Average', false],
    ['AWS/Lambda', 'Duration_p99_9', false],
    ['AWS/Lambda', 'BrandNew_Sum', false],
    ['LambdaInsights', 'cpu_total_time_Maximum', true],
    ['LambdaInsights', 'memory_utilization_Average', false],
    ['LambdaInsights', 'tmp_free_Minimum', false],
    ['Made/Up', 'Temperature_Maximum', false],
  ])('of %s: %s is %s', (namespace, field, isGrowing) => {
    expect(isGrowingField(findCatalogue(namespace))(field)).toBe(isGrowing)
  })
})
