import { describe, expect, it } from 'vitest'
import { combineFigures, describeProblems } from '../../bench/engine-figures.ts'
import type { EngineJob, EngineRun, Judgement } from '../../bench/engine-job.ts'
import type { PollSample } from '../../bench/poll-sample.ts'

const POLL: PollSample = {
  wallSeconds: 1,
  taskCpuSeconds: 0.7,
  hostCpuSeconds: 0.1,
  peakRssMB: 140,
  requests: 10,
  points: 400,
  billed: 100,
}

const JUDGED: Judgement = {
  expected: 1_000,
  missing: 0,
  wrong: 0,
  extra: 0,
  rewrittenDifferently: 0,
  duplicates: 0,
  firstRight: 1_000,
  firstWrong: 0,
  lateExcluded: 0,
  lateMissing: 0,
  valueError: 0,
  alertMinutes: { p50: 5, p95: 8, invocations: 900, never: 0 },
}

function run(job: Partial<EngineJob>, rest: Partial<Omit<EngineRun, 'job'>> = {}): EngineRun {
  return {
    job: { fleet: 'steady', functions: 100, rewrite: 'unknown', hours: 8, ...job },
    first: POLL,
    polls: [POLL, POLL],
    planned: null,
    cost: { ideal: 300, regular: 300, longest: 20, audit: 1 },
    problems: {},
    judged: { all: JUDGED, live: JUDGED },
    wallSeconds: 60,
    ...rest,
  }
}

describe('the figures of several runs', () => {
  it('are those of the worst run to which each applies', () => {
    const holes = { ...JUDGED, missing: 10, valueError: 0.2 }
    const slow = { ...JUDGED, firstWrong: 1_000, alertMinutes: { ...JUDGED.alertMinutes, p95: 12 } }
    const figures = combineFigures([
      run({ fleet: 'idle' }, { judged: { all: holes, live: JUDGED } }),
      run({ fleet: 'bursty' }, { judged: { all: JUDGED, live: slow } }),
      run({ rewrite: 'last' }, { judged: { all: { ...JUDGED, valueError: 0.1 }, live: JUDGED } }),
      run({ rewrite: 'last' }, { cost: { ideal: 300, regular: 270, longest: 0, audit: 0 } }),
    ])
    expect(figures).toMatchObject({
      completeness: 0.99,
      rightFirst: 0.5,
      valueError: 0.1,
      everythingToIdeal: 0.9,
      alertP95Minutes: 12,
    })
  })

  it('count a late field for which a store that may replace lines has no way as missing only where there is one', () => {
    const late = { ...JUDGED, missing: 10, lateMissing: 10 }
    const judged = { all: late, live: JUDGED }
    expect(combineFigures([run({ rewrite: 'unknown' }, { judged })])).toMatchObject({ completeness: 1 })
    expect(combineFigures([run({ rewrite: 'last' }, { judged })])).toMatchObject({ completeness: 0.99 })
  })

  it('take CPU and memory from the dearest poll of the large fleets, the first left out', () => {
    const large = { ...POLL, taskCpuSeconds: 14, hostCpuSeconds: 2, peakRssMB: 210 }
    const figures = combineFigures([
      run({ functions: 10_000, hours: 0 }, { first: { ...large, peakRssMB: 290 }, polls: [POLL, large] }),
      run({ functions: 1_000, hours: 0 }, { polls: [{ ...POLL, peakRssMB: 150 }, POLL] }),
    ])
    expect(figures).toMatchObject({
      cpuSeconds10k: 16,
      taskCpuSeconds10k: 14,
      hostCpuSeconds10k: 2,
      peakRssMB10k: 210,
      rss10kTo1k: 1.4,
    })
  })

  it('leave out what no run can say', () => {
    const figures = combineFigures([run({ rewrite: 'max', hours: 0 }, { judged: null })])
    expect(Object.keys(figures)).toEqual(['everythingToIdeal', 'totalToIdeal'])
  })
})

describe('what tasks reported', () => {
  it('is one line for a run, and none for one without', () => {
    expect(describeProblems(run({}, { problems: { 'late-change': 3, throttled: 1 } }))).toBe(
      'steady 100 unknown: polls that reported late-change 3, throttled 1',
    )
    expect(describeProblems(run({}))).toBeUndefined()
  })
})
