import { DffError } from '../../core/error.ts'
import type { Window } from '../../core/window.ts'
import type { LogLine, TaskRecord } from '../host-api.ts'
import type { Texts } from '../text/texts.ts'
import type { DemoSimulator } from './demo-simulator.ts'
import { formatCount, formatDuration } from './view/format.ts'
import { renderPairs } from './view/table.ts'

/** What `dff demo --json` prints. */
export interface DemoReport {
  readonly tasks: readonly { readonly id: string; readonly status: string }[]
  readonly functions: number
  readonly regions: readonly string[]
  readonly accounts: readonly string[]
  /** AWS metric names that the receiver holds. */
  readonly metrics: readonly string[]
  /** Points that the receiver holds, by category. */
  readonly points: { readonly metric: number; readonly custom_object: number }
  readonly truth: Truth
  readonly aws: { readonly requests: Readonly<Record<string, number>>; readonly billedMetrics: number }
}

interface Truth {
  readonly expected: number
  readonly missing: number
  readonly wrong: number
  readonly extra: number
}

/** What was run, and where. */
export interface DemoRun {
  readonly simulator: DemoSimulator
  readonly records: readonly TaskRecord[]
  readonly log: readonly LogLine[]
  readonly functions: number
  readonly texts: Texts
}

interface ReceivedPoint {
  readonly fields: Readonly<Record<string, unknown>>
}

/** As `formatWindow` (core/window.ts) writes a window into a log. */
const WINDOW = /\[(\S+Z), (\S+Z)\)/g

/** The minutes that the tasks' logs say are complete, wherever they collected. */
function collectedWindow({ log, texts }: DemoRun): Window {
  const windows = log.flatMap(({ text }) => [...text.matchAll(WINDOW)])
  if (windows.length > 0) {
    return {
      startMs: Math.max(...windows.map(([, start = '']) => Date.parse(start))),
      endMs: Math.min(...windows.map(([, , end = '']) => Date.parse(end))),
    }
  }
  const { windowExpected: expected, windowRemedy: remedy } = texts.demo
  throw new DffError({ code: 'CHECK_FAILED', place: 'task log', expected, got: 'none', remedy })
}

/** `Duration_p99_9` → `Duration`: AWS metric names have no underscore. */
function metricNames(points: readonly ReceivedPoint[]): string[] {
  const fields = new Set(points.flatMap((point) => Object.keys(point.fields)))
  return [...new Set([...fields].map((field) => field.split('_')[0] ?? field))].toSorted()
}

/** Compares what the receiver holds with the truth, and takes the figures of both from the simulator. */
export async function auditDemo(run: DemoRun): Promise<DemoReport> {
  const { simulator, records, functions } = run
  const { regions, accounts } = simulator.info
  // The shapes below are those of our own simulator (simulator/control/).
  const { expected, missing, wrong, extra } = (await simulator.control('/control/audit', {
    regions,
    ...collectedWindow(run),
  })) as Truth
  const { summary } = (await simulator.control('/control/received/summary')) as {
    readonly summary: readonly { readonly category: string; readonly points: number }[]
  }
  const { points } = (await simulator.control('/control/received?category=metric&limit=Infinity')) as {
    readonly points: readonly ReceivedPoint[]
  }
  const { requests, billedMetrics } = (await simulator.control('/control/counters')) as DemoReport['aws']
  const held = (category: string): number =>
    summary.reduce((sum, group) => (group.category === category ? sum + group.points : sum), 0)
  return {
    tasks: records.map(({ id, status }) => ({ id, status })),
    functions,
    regions,
    accounts: accounts.map(({ accountId }) => accountId),
    metrics: metricNames(points),
    points: { metric: held('metric'), custom_object: held('custom_object') },
    truth: { expected, missing, wrong, extra },
    aws: { requests, billedMetrics },
  }
}

/** True when everything that was expected arrived, with the right values and nothing besides. */
export function isFaithful({ truth, tasks }: DemoReport): boolean {
  const { expected, missing, wrong, extra } = truth
  return expected > 0 && missing + wrong + extra === 0 && tasks.every(({ status }) => status === 'success')
}

function renderTruth(texts: Texts, { truth }: DemoReport): string {
  const count = (value: number): string => formatCount(texts, value)
  const { truth: expected, truthHolds, truthFails } = texts.demo
  const differs = truth.missing + truth.wrong + truth.extra > 0
  const verdict = differs
    ? truthFails(count(truth.missing), count(truth.wrong), count(truth.extra))
    : truthHolds
  return `${expected(count(truth.expected))}: ${verdict}`
}

/** The summary a person reads. */
export function renderDemoReport(texts: Texts, report: DemoReport, tookMs: number): string[] {
  const { labels, title, collected, metrics, delivered, aws, passed, failed } = texts.demo
  const count = (value: number): string => formatCount(texts, value)
  const requests = Object.values(report.aws.requests).reduce((sum, each) => sum + each, 0)
  const byApi = Object.entries(report.aws.requests).map(([api, each]) => `${api} ${count(each)}`)
  const pairs: [string, string][] = [
    [
      labels.collected,
      collected(count(report.functions), count(report.regions.length), count(report.accounts.length)),
    ],
    [labels.metrics, `${metrics(count(report.metrics.length))}\n${report.metrics.join(' ')}`],
    [labels.delivered, delivered(count(report.points.metric), count(report.points.custom_object))],
    [labels.truth, renderTruth(texts, report)],
    [labels.aws, `${aws(count(requests), count(report.aws.billedMetrics))}\n${byApi.join(' · ')}`],
    [labels.tasks, report.tasks.map(({ id, status }) => `${id} ${status}`).join('\n')],
    [labels.took, formatDuration(texts, tookMs)],
  ]
  return ['', title, ...renderPairs(pairs), '', isFaithful(report) ? passed : failed]
}
