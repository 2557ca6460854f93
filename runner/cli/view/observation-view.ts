import type { HostStatus } from '../../host-status.ts'
import type { Texts } from '../../text/texts.ts'
import { formatCount, formatDuration, formatPoints, formatWhen } from './format.ts'

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
  const { lags, tasks, metricsUrl } = status
  const pairs: readonly (readonly [string, readonly string[]])[] = [
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
