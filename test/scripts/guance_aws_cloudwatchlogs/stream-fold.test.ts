import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EMPTY_CARRY, type StreamCarry } from '../../../scripts/guance_aws_cloudwatchlogs/stream-carry.ts'
import {
  foldStream,
  type LogRecord,
  type StreamEvent,
} from '../../../scripts/guance_aws_cloudwatchlogs/stream-fold.ts'
import { readCorpus } from './line-corpus.ts'

const ID = '8c360c87-d4b7-4423-b5f3-af02be3c1763'
const OTHER_ID = 'fa4e6a1f-083b-573d-ace2-090d2b00a3ac'
const START_MS = Date.UTC(2026, 10, 29, 10)

const REPORT = 'Duration: 1 ms\tBilled Duration: 1 ms\tMemory Size: 128 MB\tMax Memory Used: 60 MB\t\n'

function eventsOf(messages: readonly string[], stepMs = 1): readonly StreamEvent[] {
  return messages.map((message, index) => ({
    eventId: `e${index}`,
    timeMs: START_MS + index * stepMs,
    message,
  }))
}

function fold(messages: readonly string[], isJoining = false): readonly LogRecord[] {
  return foldStream(eventsOf(messages), EMPTY_CARRY, { isJoining }).records
}

function shown(records: readonly LogRecord[]): readonly string[] {
  return records.map(({ eventId, requestId, status, headEventId }) =>
    [eventId, requestId?.slice(0, 2) ?? '-', status, headEventId ?? '-'].join(' '),
  )
}

const python = [
  `START RequestId: ${ID} Version: $LATEST\n`,
  'working\n',
  'Traceback (most recent call last):\n',
  '  File "/var/task/app.py", line 3, in handler\n',
  '    raise OrderError("x")\n',
  'app.OrderError: x\n',
  'done: all\n',
  `END RequestId: ${ID}\n`,
  `REPORT RequestId: ${ID}\t${REPORT}`,
  'an extension, after the end\n',
]

describe('the events of a stream', () => {
  it('carry the request from START to END, and stack traces the status and id of their head', () => {
    expect(shown(fold(python))).toEqual([
      'e0 8c info -',
      'e1 8c info -',
      'e2 8c error -',
      'e3 8c error e2',
      'e4 8c error e2',
      'e5 8c error e2',
      'e6 8c info -',
      'e7 8c info -',
      'e8 8c info -',
      'e9 - info -',
    ])
  })

  it('are joined on request, with the ids of all, and the error that the last line names', () => {
    const records = fold(python, true)
    expect(shown(records)).toEqual([
      'e0 8c info -',
      'e1 8c info -',
      'e2 8c error -',
      'e6 8c info -',
      'e7 8c info -',
      'e8 8c info -',
      'e9 - info -',
    ])
    expect(records[2]).toMatchObject({
      message:
        'Traceback (most recent call last):\n  File "/var/task/app.py", line 3, in handler\n    raise OrderError("x")\napp.OrderError: x\n',
      eventIds: ['e2', 'e3', 'e4', 'e5'],
    })
    expect(records[1]).not.toHaveProperty('eventIds')
  })

  it('keep a Java stack trace with the line that logged it, and Go’s goroutines with their panic', () => {
    const java = ['[main] x\n', `2026-11-29 10:00:00 ${ID} ERROR Handler - bad\n`, 'java.io.IOException: x\n']
    expect(
      shown(fold([...java, '\tat a.B.c(B.java:1)\n', 'Caused by: java.lang.Error: y\n', '\t... 2 more\n'])),
    ).toEqual([
      'e0 - info -',
      'e1 8c error -',
      'e2 - error -',
      'e3 - error e2',
      'e4 - error e2',
      'e5 - error e2',
    ])
    const go = [
      'panic: boom',
      'goroutine 1 [running]:',
      'main.handler(0x1, 0x2)',
      '\t/src/main.go:12 +0x1d',
      'next log',
    ]
    expect(shown(fold(go))).toEqual([
      'e0 - critical -',
      'e1 - critical e0',
      'e2 - critical e0',
      'e3 - critical e0',
      'e4 - info -',
    ])
  })

  it('are apart where five seconds, a line of Lambda or another request lies between', () => {
    const lines = ['Error: x', '    at handler (/var/task/index.js:1:1)']
    expect(shown(foldStream(eventsOf(lines, 6_000), EMPTY_CARRY, { isJoining: false }).records)).toEqual([
      'e0 - error -',
      'e1 - info -',
    ])
    expect(shown(fold(['Error: x', `END RequestId: ${ID}\n`, '    at handler (/x.js:1:1)']))[2]).toBe(
      'e2 - info -',
    )
  })

  it('leave the request open where several run at once, and where the end of one was lost', () => {
    const begin = (requestId: string): string =>
      JSON.stringify({ time: '2026-11-29T10:00:00.000Z', type: 'platform.start', record: { requestId } })
    expect(shown(fold([begin(ID), 'one', begin(OTHER_ID), 'two']))).toEqual([
      'e0 8c info -',
      'e1 8c info -',
      'e2 fa info -',
      'e3 - info -',
    ])
    const late = [{ eventId: 'late', timeMs: START_MS + 17 * 60_000, message: 'late' }]
    const { carry } = foldStream(eventsOf([begin(ID)]), EMPTY_CARRY, { isJoining: false })
    expect(shown(foldStream(late, carry, { isJoining: false }).records)).toEqual(['late - info -'])
  })

  it('joins no more than a thousand lines', () => {
    const records = fold(['Error: x', ...Array.from({ length: 2_500 }, () => '    at x (y)')], true)
    expect(records.map(({ eventIds }) => eventIds?.length)).toEqual([1_001, 1_001, 499])
  })
})

describe('the carry of a stream', () => {
  const corpus = readCorpus().flatMap(({ messages }) => messages)
  const stream = fc.array(fc.oneof(fc.constantFrom(...corpus), fc.constantFrom(...python)), { maxLength: 40 })

  it('gives the same records wherever the pages are cut, as JSON between them', () => {
    fc.assert(
      fc.property(stream, fc.array(fc.nat(40), { maxLength: 5 }), (messages, cuts) => {
        const events = eventsOf(messages)
        const bounds = [
          0,
          ...cuts.filter((cut) => cut < events.length).toSorted((a, b) => a - b),
          events.length,
        ]
        let carry: StreamCarry = EMPTY_CARRY
        const paged = bounds.slice(1).flatMap((end, index) => {
          const page = foldStream(events.slice(bounds[index], end), carry, { isJoining: false })
          carry = JSON.parse(JSON.stringify(page.carry)) as StreamCarry
          return page.records
        })
        expect(paged).toEqual(foldStream(events, EMPTY_CARRY, { isJoining: false }).records)
        expect(JSON.stringify(carry).length).toBeLessThan(2_048)
      }),
      { numRuns: 500 },
    )
  })

  it('loses no event, joined or not', () => {
    fc.assert(
      fc.property(stream, fc.boolean(), (messages, isJoining) => {
        const events = eventsOf(messages)
        const { records } = foldStream(events, EMPTY_CARRY, { isJoining })
        const ids = records.flatMap(({ eventId, eventIds }) => eventIds ?? [eventId])
        expect(ids).toEqual(events.map(({ eventId }) => eventId))
        expect(isJoining || records.every(({ message }, index) => message === messages[index])).toBe(true)
      }),
      { numRuns: 500 },
    )
  })
})
