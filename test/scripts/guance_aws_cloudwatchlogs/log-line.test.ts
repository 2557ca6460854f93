import { describe, expect, it } from 'vitest'
import { readLine } from '../../../scripts/guance_aws_cloudwatchlogs/log-line.ts'
import { readReport } from '../../../scripts/guance_aws_cloudwatchlogs/report.ts'
import { fuzzLogLines } from '../../fuzz/log-lines.ts'
import { expectGolden } from '../../golden.ts'
import { readCorpus } from './line-corpus.ts'

const corpus = readCorpus()

describe('the corpus of log lines', () => {
  it('has lines of every runtime and both formats', () => {
    expect(corpus.map(({ name }) => name)).toEqual([
      'dotnet',
      'go-and-provided',
      'java-json',
      'java-text',
      'look-alikes',
      'node-json',
      'node-text',
      'python-json',
      'python-text',
      'ruby',
      'system-json',
      'system-text',
    ])
  })

  it.each(corpus)('reads $name as expected', ({ messages, expected }) => {
    const lines = messages.map((message) => JSON.stringify({ message, ...readLine(message) }))
    expect(lines.length).toBeGreaterThan(4)
    expectGolden(`[\n${lines.join(',\n')}\n]\n`, expected)
  })

  it('gives the same report alone as with its line', () => {
    const messages = corpus.flatMap((file) => file.messages)
    expect(messages.map(readReport)).toEqual(messages.map((message) => readLine(message).report))
  })

  it('takes nothing that looks like a report for one', () => {
    const alike = corpus.find(({ name }) => name === 'look-alikes')?.messages ?? []
    expect(alike.length).toBeGreaterThan(20)
    expect(alike.map(readReport).filter((report) => report !== undefined)).toEqual([])
    expect(alike.map((message) => readLine(message).kind).filter((kind) => kind === 'report')).toEqual([])
  })
})

describe('readLine', () => {
  it('never throws and gives no number that is not in the line', () => {
    expect(() => fuzzLogLines(3_000)).not.toThrow()
  })

  it('reads a megabyte of one letter, bracket, digit or word in the time of reading it', () => {
    const words = [
      'a',
      '[',
      '1',
      '{',
      '\t',
      ' ',
      'a.',
      'Error',
      'level=',
      '2026-',
      'REPORT ',
      '\u001b[',
      'eyJ-',
      'Duration: 1 ms\t',
    ]
    const startMs = performance.now()
    for (const word of words) readLine(word.repeat(1_048_576 / word.length))
    // Milliseconds; a quadratic pattern would take hours.
    expect(performance.now() - startMs).toBeLessThan(10_000)
  })
})
