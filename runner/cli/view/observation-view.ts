import type { HostStatus } from '../../host-api.ts'
import type { Texts } from '../../text/texts.ts'
import { formatCount, formatDuration, formatPoints, formatWhen } from './format.ts'

const MIB = 2 ** 20

function renderOutbox(texts: Texts, { outbox }: HostStatus): string {
  const mib = (bytes: number): string =>
    (bytes / MIB).toLocaleString(texts.locale, { maximumFractionDigits: 1 })
  return texts.view.status.outbox(mib(outbox.waitingBytes + outbox.deadBytes), mib(outbox.maxBytes))
}

function renderCalls(texts: Texts, { activity }: HostStatus): string[] {
  const { call, since } = texts.view.status
  const count = (value: number): string => formatCount(texts, value)
  const lines = activity.calls.map(({ api, requests, billedMetrics }) =>
    call(api, count(requests), count(billedMetrics)),
  )
  return lines.length === 0 ? [] : [since(formatWhen(texts, activity.sinceMs)), ...lines]
}

function renderErrors(texts: Texts, { activity }: HostStatus): string[] {
  return activity.errors.map(({ source, kind, count }) => `${source} ${kind}  ${formatCount(texts, count)}`)
}

/** The rest of what a host tells, each only where there is something to tell. */
export function renderObservation(texts: Texts, status: HostStatus): readonly [string, string][] {
  const { labels, lag } = texts.view.status
  const { outbox, lags, tasks, metricsUrl } = status
  const isTaken = outbox.waitingBytes + outbox.deadBytes > 0
  const pairs: readonly (readonly [string, readonly string[]])[] = [
    [labels.outbox, isTaken ? [renderOutbox(texts, status)] : []],
    [labels.lag, lags.map((row) => lag(row.measurement, formatDuration(texts, row.lagMs)))],
    [labels.records, Object.values(tasks).some((count) => count > 0) ? [formatPoints(texts, tasks)] : []],
    [labels.calls, renderCalls(texts, status)],
    [labels.errors, renderErrors(texts, status)],
    [labels.metrics, metricsUrl === null ? [] : [metricsUrl]],
  ]
  return pairs.flatMap(([label, lines]): [string, string][] =>
    lines.length === 0 ? [] : [[label, lines.join('\n')]],
  )
}
