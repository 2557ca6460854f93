import { describe, expect, it } from 'vitest'
import { TaskUsage } from '../../runner/task-usage.ts'

const CALL = {
  api: 'cloudwatch:GetMetricData',
  requests: 1,
  billedMetrics: 40,
  accountId: '1',
  region: 'us-east-1',
}

describe('the usage of a task', () => {
  it('adds calls up by API, account and region', () => {
    const usage = new TaskUsage()
    usage.meter(CALL)
    usage.meter({ ...CALL, billedMetrics: 2 })
    usage.meter({ ...CALL, region: 'eu-west-1' })
    usage.meter({ api: 'demo', requests: 1, billedMetrics: 0 })
    expect(usage.all).toEqual([
      { ...CALL, requests: 2, billedMetrics: 42 },
      { ...CALL, region: 'eu-west-1' },
      { api: 'demo', requests: 1, billedMetrics: 0 },
    ])
  })

  it('hands out once what the store does not know, and again what it could not write', () => {
    const usage = new TaskUsage()
    usage.meter(CALL)
    const taken = usage.takeUncounted()
    expect(taken).toEqual([CALL])
    expect(usage.takeUncounted()).toEqual([])
    usage.meter(CALL)
    usage.giveBack(taken)
    expect(usage.takeUncounted()).toEqual([{ ...CALL, requests: 2, billedMetrics: 80 }])
    expect(usage.all).toEqual([{ ...CALL, requests: 2, billedMetrics: 80 }])
  })

  it('keeps predictions apart by rule', () => {
    const usage = new TaskUsage()
    for (const rule of ['everything', 'audit', 'everything']) usage.predict({ ...CALL, rule })
    expect(usage.predicted.map(({ rule, billedMetrics }) => [rule, billedMetrics])).toEqual([
      ['everything', 80],
      ['audit', 40],
    ])
  })
})
