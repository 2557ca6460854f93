import { describe, expect, it } from 'vitest'
import type { CostPlan } from '../../core/dff.ts'
import { startLateAws } from './late-aws.ts'
import { FUNCTIONS, HOUR_MS, MINUTE_MS, mixed, Poller, START_MS, UNKNOWN } from './poll-fixture.ts'

function sumOf(metrics: CostPlan['metrics'], rule: string): number {
  return metrics.reduce((sum, row) => sum + (row.rule === rule ? row.billedMetrics : 0), 0)
}

describe('the audits of a day', () => {
  it('take what the plan says, spread over the polls', async () => {
    const endMs = START_MS + 60 * HOUR_MS
    const late = await startLateAws(mixed(START_MS - 20 * HOUR_MS, endMs))
    const poller = new Poller(late, UNKNOWN)
    await poller.setFunctions(START_MS, FUNCTIONS)
    const stepMs = 30 * MINUTE_MS
    for (let atMs = START_MS; atMs < endMs; atMs += stepMs) await poller.poll(atMs)
    const planning = poller.runAt(endMs)
    const plan = await poller.script.plan?.(planning, { intervalMs: stepMs })
    await late.close()
    if (plan === undefined) throw new Error('the script has no plan')
    const requests = plan.requests.find(({ rule }) => rule === 'audit')?.requests
    const audited = poller.runs
      .filter(({ triggerTimeMs }) => triggerTimeMs >= endMs - 24 * HOUR_MS && triggerTimeMs < endMs)
      .flatMap(({ predictions }) => predictions)
      .filter(({ rule }) => rule === 'audit')
    expect(audited.reduce((sum, one) => sum + one.billedMetrics, 0)).toBe(sumOf(plan.metrics, 'audit'))
    expect(audited.reduce((sum, one) => sum + one.requests, 0)).toBe(requests)
    expect(sumOf(plan.metrics, 'audit')).toBe(sumOf(plan.metrics, 'everything'))
  }, 60_000)
})
