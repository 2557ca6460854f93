import { describe, expect, it } from 'vitest'
import { type DemoReport, isFaithful, renderDemoReport } from '../../../runner/cli/demo-report.ts'
import { startDemoSimulator } from '../../../runner/cli/demo-simulator.ts'
import { selectTexts } from '../../../runner/text/texts.ts'
import { expectGolden } from '../../golden.ts'
import { goldenFile } from './scene.ts'

const texts = selectTexts({})

const REPORT: DemoReport = {
  tasks: [{ id: 'task-01', status: 'success' }],
  functions: 60,
  regions: ['us-east-1', 'eu-west-1'],
  accounts: ['123456789012'],
  metrics: ['Duration', 'Errors', 'Invocations'],
  points: { metric: 12_345, custom_object: 60 },
  truth: { expected: 78_248, missing: 0, wrong: 0, extra: 0 },
  aws: { requests: { 'cloudwatch:GetMetricData': 12, 'lambda:ListFunctions': 2 }, billedMetrics: 1_234 },
}

describe('summary of the demo', () => {
  it('is its golden text', () => {
    const summary = `${renderDemoReport(texts, REPORT, 12_345).join('\n')}\n`
    expect(summary).toContain('78,248')
    expectGolden(summary, goldenFile('demo-summary'))
  })

  it.each([
    ['missing', { missing: 1 }],
    ['wrong', { wrong: 2 }],
    ['extra', { extra: 3 }],
  ])('says what is %s and does not pass', (_kind, difference) => {
    const report = { ...REPORT, truth: { ...REPORT.truth, ...difference } }
    expect(isFaithful(report)).toBe(false)
    expect(renderDemoReport(texts, report, 1).at(-1)).toBe('The demo failed.')
  })

  it('does not pass when nothing was expected or a task failed', () => {
    expect(isFaithful(REPORT)).toBe(true)
    expect(isFaithful({ ...REPORT, truth: { expected: 0, missing: 0, wrong: 0, extra: 0 } })).toBe(false)
    expect(isFaithful({ ...REPORT, tasks: [{ id: 'a', status: 'failure' }] })).toBe(false)
  })
})

describe('simulator of the demo', () => {
  const signal = new AbortController().signal

  it('answers its control API and is gone once it was stopped', async () => {
    const simulator = await startDemoSimulator({ functions: 2, regions: 1, signal, texts })
    expect(await simulator.control('/control/counters')).toMatchObject({ billedMetrics: 0 })
    await expect(simulator.control('/control/nothing', {})).rejects.toThrow('answered 404')
    await simulator.stop()
    await expect(fetch(simulator.info.url)).rejects.toThrow('fetch failed')
  })

  it('that cannot start is an error with its own words', async () => {
    await expect(startDemoSimulator({ functions: 2, regions: 99, signal, texts })).rejects.toThrow(
      /--regions/,
    )
  })

  it('that is interrupted while it starts leaves nothing behind', async () => {
    const interrupted = AbortSignal.abort()
    await expect(
      startDemoSimulator({ functions: 2, regions: 1, signal: interrupted, texts }),
    ).rejects.toThrow('abort')
  })
})
