import { describe, expect, it } from 'vitest'
import { classifyAnswer, readRetryAfter } from '../../../runner/sink/classify.ts'
import type { SendResult } from '../../../runner/sink/sink.ts'

const NOW_MS = Date.parse('2026-11-23T00:00:00Z')

function classify(status: number, text = '', headers = {}): SendResult {
  return classifyAnswer({ status, headers, text }, NOW_MS)
}

function errorBody(code: string, message: string): string {
  return JSON.stringify({ error_code: code, message })
}

describe('an answer', () => {
  it.each([
    [200, '', 'accepted'],
    [204, '', 'accepted'],
    [302, '', 'stopped'],
    [400, errorBody('datakit.invalidLinePoint', 'bad'), 'bad-lines'],
    [400, errorBody('datakit.pointGotWarning', 'bad'), 'bad-lines'],
    [400, '<html>partial write</html>', 'bad-lines'],
    [400, errorBody('datakit.invalidCategory', 'bad'), 'rejected'],
    [400, errorBody('datakit.noPoints', 'bad'), 'rejected'],
    [401, '', 'stopped'],
    [403, errorBody('datakit.invalidToken', 'bad'), 'stopped'],
    [403, errorBody('datakit.publicAccessDisabled', 'bad'), 'stopped'],
    [403, errorBody('kodo.beyondDataUsage', 'quota'), 'stopped'],
    [404, '', 'stopped'],
    [405, '', 'stopped'],
    [408, '', 'retry'],
    [413, '', 'too-large'],
    [415, '', 'rejected'],
    [422, '', 'rejected'],
    [425, '', 'retry'],
    [429, errorBody('datakit.reachMaxAPILimit', 'slow down'), 'retry'],
    [500, errorBody('datakit.HTTPReadError', 'bad'), 'retry'],
    [503, '', 'retry'],
  ])('%i %s is %s', (status, text, kind) => {
    expect(classify(status, text).kind).toBe(kind)
  })

  it('says in one line what the sink said', () => {
    expect(classify(400, errorBody('datakit.invalidLinePoint', 'line 3:\n  no field'))).toEqual({
      kind: 'bad-lines',
      reason: '400 datakit.invalidLinePoint: line 3: no field',
    })
    expect(classify(403, errorBody('kodo.beyondDataUsage', 'x'))).toMatchObject({
      reason: '403 kodo.beyondDataUsage: x (the workspace has used up its quota)',
    })
    const long = classify(500, 'x'.repeat(5_000))
    expect(long.kind === 'retry' && long.reason.length).toBe(300)
    expect(classify(502)).toEqual({ kind: 'retry', reason: '502' })
    expect(classify(502, 'null')).toEqual({ kind: 'retry', reason: '502 null' })
  })

  it('asks for patience in seconds or by date, within an hour', () => {
    expect(classify(429, '', { 'retry-after': '7' })).toMatchObject({ retryAfterMs: 7_000 })
    expect(readRetryAfter('Mon, 23 Nov 2026 00:00:30 GMT', NOW_MS)).toBe(30_000)
    expect(readRetryAfter('Mon, 23 Nov 2020 00:00:30 GMT', NOW_MS)).toBe(0)
    expect(readRetryAfter('999999', NOW_MS)).toBe(3_600_000)
    expect(readRetryAfter('soon', NOW_MS)).toBeUndefined()
  })
})
