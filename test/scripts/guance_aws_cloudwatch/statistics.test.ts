import { describe, expect, it } from 'vitest'
import { findCatalogue } from '../../../scripts/guance_aws_cloudwatch/catalogue.ts'
import { compileStatistics, fieldName } from '../../../scripts/guance_aws_cloudwatch/statistics.ts'

const metrics = findCatalogue('AWS/Lambda')?.metrics ?? {}

describe('a field name', () => {
  it.each([
    ['Sum', 'Duration_Sum'],
    ['p90', 'Duration_p90'],
    ['p99.9', 'Duration_p99_9'],
    ['tm(10%:90%)', 'Duration_tm10_90'],
    ['PR(:300)', 'Duration_PR_300'],
  ])('of %s is %s', (statistic, field) => {
    expect(fieldName('Duration', statistic)).toBe(field)
  })
})

describe('the statistics', () => {
  it('are by default what a metric of its kind is read for, never more than AWS bills as one', () => {
    const statisticsOf = compileStatistics()
    expect(statisticsOf('Errors', metrics['Errors'])).toEqual(['Sum'])
    expect(statisticsOf('Duration', metrics['Duration'])).toEqual([
      'Average',
      'Maximum',
      'SampleCount',
      'p90',
      'p99',
    ])
    expect(statisticsOf('IteratorAge', metrics['IteratorAge'])).toEqual(['Average', 'Maximum'])
    expect(statisticsOf('OffsetLag', metrics['OffsetLag'])).toEqual(['Maximum'])
    for (const [name, known] of Object.entries(metrics)) {
      expect(statisticsOf(name, known).length).toBeLessThanOrEqual(5)
    }
  })

  it('are upstream’s five of a metric that is not known', () => {
    expect(compileStatistics()('New', undefined)).toEqual([
      'Average',
      'Maximum',
      'Minimum',
      'SampleCount',
      'Sum',
    ])
  })

  it('are upstream’s five of everything on request', () => {
    expect(compileStatistics('upstream')('Errors', metrics['Errors'])).toHaveLength(5)
  })

  it('can be a list per metric, whatever its case, over the useful ones', () => {
    const statisticsOf = compileStatistics({ duration: ['p50'] })
    expect(statisticsOf('Duration', metrics['Duration'])).toEqual(['p50'])
    expect(statisticsOf('Errors', metrics['Errors'])).toEqual(['Sum'])
  })

  it('are refused when two would be written to one field', () => {
    expect(() => compileStatistics({ Duration: ['tm(10%:90%)', 'tm(10:90)'] })).toThrow(
      /both Duration_tm10_90/,
    )
  })
})
