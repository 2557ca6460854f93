/** Log lines that are nearly those of Lambda: reading never throws, and a report has AWS's numbers or none. */
import fc from 'fast-check'
import { expect } from 'vitest'
import { readLine } from '../../scripts/guance_aws_cloudwatchlogs/log-line.ts'
import type { InvocationReport } from '../../scripts/guance_aws_cloudwatchlogs/report-kind.ts'
import { readReport } from '../../scripts/guance_aws_cloudwatchlogs/report.ts'
import { readCorpus } from '../scripts/guance_aws_cloudwatchlogs/line-corpus.ts'
import { nastyJson, nastyText } from './nasty-json.ts'

const corpus = readCorpus().flatMap(({ messages }) => messages)

const milliseconds = fc.integer({ min: 0, max: 90_000_000 }).map((hundredths) => hundredths / 100)
const megabytes = fc.integer({ min: 128, max: 10_240 })

/** The numbers of an invocation and how a runtime spaces them. */
const invocation = fc.record({
  requestId: fc.uuid(),
  durationMs: milliseconds,
  billedDurationMs: fc.integer({ min: 0, max: 900_000 }),
  memorySizeMb: megabytes,
  maxMemoryUsedMb: megabytes,
  initDurationMs: fc.option(milliseconds, { nil: undefined }),
  restoreDurationMs: fc.option(milliseconds, { nil: undefined }),
  status: fc.constantFrom('success', 'error', 'timeout', 'failure'),
  space: fc.constantFrom('\t', ' ', '  ', ' \t', '\t\t'),
  end: fc.constantFrom('', '\n', '\t\n', '\r\n', '\t\nXRAY TraceId: 1-5759e988-bd862e3fe1be46a994272793\t\n'),
})

type Invocation = typeof invocation extends fc.Arbitrary<infer T> ? T : never

function writeText(one: Invocation): string {
  const parts = [
    `REPORT RequestId: ${one.requestId}`,
    `Duration: ${one.durationMs.toFixed(2)} ms`,
    `Billed Duration: ${one.billedDurationMs} ms`,
    `Memory Size: ${one.memorySizeMb} MB`,
    `Max Memory Used: ${one.maxMemoryUsedMb} MB`,
    ...(one.initDurationMs === undefined ? [] : [`Init Duration: ${one.initDurationMs.toFixed(2)} ms`]),
    ...(one.restoreDurationMs === undefined
      ? []
      : [`Restore Duration: ${one.restoreDurationMs.toFixed(2)} ms`]),
    ...(one.status === 'success' ? [] : [`Status: ${one.status}`]),
  ]
  return parts.join(one.space) + one.end
}

function writeJson({ requestId, status, ...one }: Invocation): string {
  const metrics = {
    durationMs: one.durationMs,
    billedDurationMs: one.billedDurationMs,
    memorySizeMB: one.memorySizeMb,
    maxMemoryUsedMB: one.maxMemoryUsedMb,
    initDurationMs: one.initDurationMs,
    restoreDurationMs: one.restoreDurationMs,
  }
  return JSON.stringify({
    time: '2026-11-29T10:00:00.000Z',
    type: 'platform.report',
    record: { requestId, metrics, status },
  })
}

function expectNumbers(message: string, one: Invocation): void {
  expect(readReport(message)).toMatchObject({
    kind: 'invocation',
    requestId: one.requestId,
    status: one.status,
    durationMs: one.durationMs,
    billedDurationMs: one.billedDurationMs,
    memorySizeMb: one.memorySizeMb,
    maxMemoryUsedMb: one.maxMemoryUsedMb,
    ...(one.initDurationMs === undefined ? {} : { initDurationMs: one.initDurationMs }),
    ...(one.restoreDurationMs === undefined ? {} : { restoreDurationMs: one.restoreDurationMs }),
    isColdStart: one.initDurationMs !== undefined || one.restoreDurationMs !== undefined,
  })
}

/** A line of the corpus with something put in, taken out or cut off. */
const damaged = fc
  .record({
    message: fc.constantFrom(...corpus),
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    removed: fc.integer({ min: 0, max: 12 }),
    added: fc.oneof(nastyText, fc.constantFrom('\t', '\n', ' ', ' ms', 'Duration: 5 ms', '0', '.', '"', '}')),
  })
  .map(({ message, at, removed, added }) => {
    const from = Math.floor(at * message.length)
    return message.slice(0, from) + added + message.slice(from + removed)
  })

const anything = fc.oneof(
  nastyText,
  nastyJson.map((value) => JSON.stringify(value) ?? ''),
  damaged,
)

const NUMBERS = [
  'durationMs',
  'billedDurationMs',
  'memorySizeMb',
  'maxMemoryUsedMb',
  'initDurationMs',
  'restoreDurationMs',
  'billedRestoreDurationMs',
] as const satisfies readonly (keyof InvocationReport)[]

/** Every number of a report stands in the message as itself. */
function expectHonest(message: string): void {
  const { status, report } = readLine(message)
  expect(status).toMatch(/^(emerg|alert|critical|error|warning|notice|info|debug)$/)
  if (report?.kind !== 'invocation') return
  const written = new Set([...message.matchAll(/[\d.]+(?:[eE][+-]?\d+)?/g)].map(([text]) => Number(text)))
  for (const name of NUMBERS) {
    const value = report[name]
    if (value !== undefined) expect(`${name} ${written.has(value)}`).toBe(`${name} true`)
  }
}

export function fuzzLogLines(runs: number): void {
  fc.assert(
    fc.property(invocation, (one) => {
      expectNumbers(writeText(one), one)
      expectNumbers(writeJson(one), one)
    }),
    { numRuns: Math.ceil(runs / 4) },
  )
  fc.assert(fc.property(anything, expectHonest), { numRuns: runs })
}
