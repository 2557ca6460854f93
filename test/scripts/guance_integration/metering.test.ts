import { describe, expect, it } from 'vitest'
import { countBilledMetrics } from '../../../scripts/guance_integration/metering.ts'

function query(metric: string, functionName: string) {
  return {
    MetricStat: {
      Metric: {
        Namespace: 'AWS/Lambda',
        MetricName: metric,
        Dimensions: [{ Name: 'FunctionName', Value: functionName }],
      },
      Period: 60,
    },
  }
}

describe('countBilledMetrics', () => {
  it('counts up to five statistics of a metric once, a sixth again', () => {
    const five = Array.from({ length: 5 }, () => query('Duration', 'f'))
    expect(countBilledMetrics(five)).toBe(1)
    expect(countBilledMetrics([...five, query('Duration', 'f')])).toBe(2)
  })

  it('counts each function and each metric', () => {
    expect(countBilledMetrics([query('Errors', 'f'), query('Errors', 'g'), query('Duration', 'f')])).toBe(3)
    expect(countBilledMetrics([])).toBe(0)
  })
})
