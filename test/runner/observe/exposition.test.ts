import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { Counters } from '../../../runner/observe/counters.ts'
import { formatFamilies } from '../../../runner/observe/exposition.ts'
import { makeFamilies } from '../../../runner/observe/families.ts'
import { expectGolden } from '../../golden.ts'
import { readExposition, valueOf } from './read-exposition.ts'
import { FAILED, makeCounters, makeObservation, makeRecord, NOW_MS } from './sample.ts'

function page(counters: Counters): string {
  return formatFamilies(makeFamilies(makeObservation(counters)))
}

describe('/metrics', () => {
  it('is what its golden file says, and valid whatever names scripts made up', () => {
    const text = page(makeCounters())
    expectGolden(text, new URL('golden/metrics.txt', import.meta.url))
    const families = readExposition(text)
    expect(valueOf(families, 'dff_task_exceptions_total', { type: FAILED.exceptionType ?? '' })).toBe(1)
    expect(families.length).toBeGreaterThan(20)
  })

  it('is valid and has no empty family before anything happened', () => {
    const observation = makeObservation(new Counters(NOW_MS), {
      records: [],
      triggers: [],
      lags: [],
      acknowledged: { points: 0, lastMs: null },
      process: { rssBytes: 1, cpuSec: 0, openFiles: null },
    })
    const text = formatFamilies(makeFamilies(observation))
    expect(readExposition(text).map(({ name }) => name)).not.toContain('dff_tasks_total')
    expect(valueOf(readExposition(text), 'dff_points_acknowledged_total')).toBe(0)
  })

  it('is described in docs/observation.md, metric by metric', () => {
    const described = readFileSync(new URL('../../../docs/observation.md', import.meta.url), 'utf8')
    const names = readExposition(page(makeCounters())).map(({ name }) => name)
    expect(names.filter((name) => !described.includes(`\`${name}\``))).toEqual([])
  })

  it('counts durations into cumulative buckets', () => {
    const counters = new Counters(NOW_MS)
    for (const seconds of [0, 0.5, 0.6, 4, 4_000]) {
      const startTimeMs = NOW_MS
      counters.taskEnded(makeRecord({ startTimeMs, endTimeMs: startTimeMs + seconds * 1000 }))
    }
    const families = readExposition(page(counters))
    const name = 'dff_task_duration_seconds_bucket'
    const counts = ['0.5', '1', '5', '3600', '+Inf'].map((le) => valueOf(families, name, { le }))
    expect(counts).toEqual([2, 3, 4, 4, 5])
    expect(valueOf(families, 'dff_task_duration_seconds_sum')).toBeCloseTo(4_005.1)
  })

  it('does not grow with the names that a script makes up, and loses no count', () => {
    const counters = new Counters(NOW_MS)
    for (let index = 0; index < 2_000; index += 1) {
      const usage = [{ api: `made:Up${index}${'x'.repeat(200)}`, requests: 1, billedMetrics: 0 }]
      counters.taskEnded(makeRecord({ usage }))
    }
    const rows = counters.read('calls')
    expect(rows.length).toBeLessThanOrEqual(501)
    expect(rows.reduce((sum, { value }) => sum + value, 0)).toBe(2_000)
    expect(Math.max(...rows.map(({ labels }) => labels['api']?.length ?? 0))).toBeLessThanOrEqual(120)
  })
})
