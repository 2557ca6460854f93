import { defined } from './defined.ts'
import { endedOutOfMemory, isReportStatus, type Report, type ReportStatus } from './report-kind.ts'
import { REQUEST_ID } from './request-id.ts'

const HEAD = new RegExp(`^(?:REPORT RequestId:[ \\t]+(${REQUEST_ID})|(INIT_REPORT|RESTORE_REPORT))(?=\\s)`)

const MS = String.raw`(\d{1,9}(?:\.\d{1,6})?)[ \t]+ms`
const MB = String.raw`(\d{1,6})[ \t]+MB`
const WORD = String.raw`(\S{1,256})`

/** Keys and what their values look like (aws.md §4.3); the longer of two that end alike comes first. */
const VALUES: ReadonlyMap<string, string> = new Map([
  ['Billed Restore Duration', MS],
  ['Billed Duration', MS],
  ['Restore Duration', MS],
  ['Init Duration', MS],
  ['Duration', MS],
  ['Memory Size', MB],
  ['Max Memory Used', MB],
  ['XRAY TraceId', WORD],
  ['SegmentId', WORD],
  ['Sampled', WORD],
  ['Phase', WORD],
  ['Status', WORD],
  ['Error Type', WORD],
])

const PATTERNS: ReadonlyMap<string, RegExp> = new Map(
  [...VALUES].map(([key, value]) => [key, new RegExp(`${key}:[ \\t]+${value}(?=\\s|$)`, 'y')]),
)

const KEY = /([A-Za-z][A-Za-z ]{0,40}?):/y
const SPACE = /\s+/y
const UNKNOWN_VALUE = /:[^\t\r\n]*/y

type Pairs = ReadonlyMap<string, string>

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at
  return pattern.exec(text)
}

/** One pair: where it ends and, of a key that is known, its value; undefined where the text does not go on as AWS writes it. */
function readPair(
  text: string,
  at: number,
  space: string,
): { end: number; pair?: [string, string] } | undefined {
  const key = matchAt(KEY, text, at)?.[1]
  if (key === undefined) return undefined
  const pattern = PATTERNS.get(key)
  if (pattern !== undefined) {
    const match = matchAt(pattern, text, at)
    return match === null ? undefined : { end: at + match[0].length, pair: [key, match[1] ?? ''] }
  }
  // AWS adds keys. Where only spaces part them, nobody knows where an unknown value ends.
  if (!/[\t\n]/.test(space)) return undefined
  return { end: at + key.length + (matchAt(UNKNOWN_VALUE, text, at + key.length)?.[0].length ?? 1) }
}

/** Every pair up to the end, in any order and with any white space between; undefined for a line with anything else in it, or a key twice. */
function readPairs(text: string, from: number): Pairs | undefined {
  const pairs = new Map<string, string>()
  let at = from
  while (at < text.length) {
    const space = matchAt(SPACE, text, at)?.[0]
    if (space === undefined) return undefined
    at += space.length
    if (at === text.length) return pairs
    const read = readPair(text, at, space)
    if (read === undefined || (read.pair !== undefined && pairs.has(read.pair[0]))) return undefined
    if (read.pair !== undefined) pairs.set(...read.pair)
    at = read.end
  }
  return pairs
}

function numberOf(pairs: Pairs, key: string): number | undefined {
  const text = pairs.get(key)
  return text === undefined ? undefined : Number(text)
}

function makeInvocation(requestId: string, status: ReportStatus, pairs: Pairs): Report | undefined {
  const durationMs = numberOf(pairs, 'Duration')
  const billedDurationMs = numberOf(pairs, 'Billed Duration')
  const memorySizeMb = numberOf(pairs, 'Memory Size')
  const maxMemoryUsedMb = numberOf(pairs, 'Max Memory Used')
  // Every REPORT has the four; one without was cut off or is not AWS's.
  if (durationMs === undefined || billedDurationMs === undefined) return undefined
  if (memorySizeMb === undefined || maxMemoryUsedMb === undefined) return undefined
  const errorType = pairs.get('Error Type')
  const initDurationMs = numberOf(pairs, 'Init Duration')
  const restoreDurationMs = numberOf(pairs, 'Restore Duration')
  return defined({
    kind: 'invocation' as const,
    requestId,
    status,
    errorType,
    durationMs,
    billedDurationMs,
    memorySizeMb,
    maxMemoryUsedMb,
    initDurationMs,
    restoreDurationMs,
    billedRestoreDurationMs: numberOf(pairs, 'Billed Restore Duration'),
    isColdStart: initDurationMs !== undefined || restoreDurationMs !== undefined,
    isOutOfMemory: endedOutOfMemory({ errorType, memorySizeMb, maxMemoryUsedMb }),
    traceId: pairs.get('XRAY TraceId'),
  })
}

function makePhase(isInit: boolean, status: ReportStatus, pairs: Pairs): Report | undefined {
  const initDurationMs = numberOf(pairs, 'Init Duration')
  const restoreDurationMs = numberOf(pairs, 'Restore Duration')
  const errorType = pairs.get('Error Type')
  if (isInit) {
    if (initDurationMs === undefined) return undefined
    return defined({ kind: 'init' as const, status, phase: pairs.get('Phase'), errorType, initDurationMs })
  }
  if (restoreDurationMs === undefined) return undefined
  return defined({ kind: 'restore' as const, status, errorType, restoreDurationMs })
}

/** REPORT, INIT_REPORT and RESTORE_REPORT of the text format; undefined for every line that is not exactly one. */
export function readTextReport(message: string): Report | undefined {
  const head = HEAD.exec(message)
  if (head === null) return undefined
  const pairs = readPairs(message, head[0].length)
  const status = pairs?.get('Status') ?? 'success'
  if (pairs === undefined || !isReportStatus(status)) return undefined
  const requestId = head[1]
  if (requestId !== undefined) return makeInvocation(requestId, status, pairs)
  return makePhase(head[2] === 'INIT_REPORT', status, pairs)
}
