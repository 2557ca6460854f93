import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { LogLine } from '../../../runner/host-api.ts'
import { encodeLine } from '../../../runner/line-protocol/encode.ts'
import { Differences, makeOwnPoints, skipEarlier } from '../../../runner/observe/own-points.ts'
import { splitMessage, taskRecordPoints } from '../../../runner/observe/task-record-points.ts'
import { expectGolden } from '../../golden.ts'
import { countRound, FAILED, makeCounters, makeObservation, makeRecord, NOW_MS, SKIPPED } from './sample.ts'

const OWN = { host: 'collector-1', home: '/srv/collector' }

function lines(...texts: string[]): LogLine[] {
  return texts.map((text, index) => ({
    taskId: 'x',
    sequence: index + 1,
    timeMs: NOW_MS - 70_000 + index,
    text,
  }))
}

describe("the host's own points", () => {
  it('are what their golden file says, and carry what came since the last round', () => {
    const counters = makeCounters()
    const differences = new Differences()
    skipEarlier(makeObservation(counters, { acknowledged: { points: 999_000, lastMs: null } }), differences)
    const first = makeOwnPoints(makeObservation(counters), differences, OWN)
    countRound(counters)
    const process = { rssBytes: 99_000_000, cpuSec: 13, openFiles: 30 }
    const later = makeObservation(counters, { nowMs: NOW_MS + 60_000, process })
    const second = makeOwnPoints(later, differences, OWN)
    const third = makeOwnPoints({ ...later, nowMs: NOW_MS + 120_000 }, differences, OWN)
    const text = [first, second, third].map((round) => round.map(encodeLine).join('\n')).join('\n\n')
    expect(third.map(({ measurement }) => measurement)).toEqual(['DFF_host', 'DFF_host_lag', 'DFF_host_lag'])
    expectGolden(`${text}\n`, new URL('golden/own-points.lp', import.meta.url))
  })

  it('are described in docs/observation.md, field by field', () => {
    const described = readFileSync(new URL('../../../docs/observation.md', import.meta.url), 'utf8')
    const counters = makeCounters()
    const points = [
      ...makeOwnPoints(makeObservation(counters), new Differences(), OWN),
      ...taskRecordPoints(FAILED, lines('x'.repeat(100_001)), OWN),
      ...taskRecordPoints(SKIPPED, [], OWN),
    ]
    const names = points.flatMap(({ measurement, tags, fields }) => [
      measurement,
      ...Object.keys(tags),
      ...Object.keys(fields),
    ])
    expect([...new Set(names)].filter((name) => !described.includes(`\`${name}\``))).toEqual([])
  })

  it('are one line for each series and minute', () => {
    const points = makeOwnPoints(makeObservation(makeCounters()), new Differences(), OWN)
    const series = points.map(({ measurement, tags }) => `${measurement} ${JSON.stringify(tags)}`)
    expect(new Set(series).size).toBe(series.length)
  })

  it("are upstream's record of each task, with its level and its whole log", () => {
    const records = [
      makeRecord(),
      FAILED,
      SKIPPED,
      makeRecord({ status: 'timeout', exceptionType: 'TASK_TIMEOUT', exceptionText: 'too long' }),
      makeRecord({ status: 'expire', startTimeMs: null }),
    ]
    const text = records
      .flatMap((record) => taskRecordPoints(record, lines('one', 'two 中文'), OWN))
      .map(encodeLine)
      .join('\n')
    expect(text).not.toContain('undefined')
    expectGolden(`${text}\n`, new URL('golden/task-records.lp', import.meta.url))
  })

  it('split a log of more than 100,000 bytes behind a line, and lose nothing of it', () => {
    const long = lines(...Array.from({ length: 50 }, (_, index) => `${index} ${'中'.repeat(1_000)}`))
    const points = taskRecordPoints(makeRecord(), long, OWN)
    const messages = points.map(({ fields }) => String(fields['message']))
    expect(points).toHaveLength(2)
    expect(points.map(({ fields }) => fields['message_part'])).toEqual([1n, 2n])
    expect(messages.every((message) => Buffer.byteLength(message) <= 100_000)).toBe(true)
    expect(messages[0]?.endsWith('\n')).toBe(true)
    expect(messages.join('').match(/中/g)).toHaveLength(50_000)
  })

  it('split a single line where the limit is, between two characters', () => {
    expect(splitMessage('中'.repeat(5), 7)).toEqual(['中中', '中中', '中'])
    expect(splitMessage('a\nb\n', 2)).toEqual(['a\n', 'b\n'])
    expect(splitMessage('', 2)).toEqual([''])
  })
})
