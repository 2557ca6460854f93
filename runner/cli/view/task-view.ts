import type { Problem, Usage } from '../../../core/script.ts'
import { type ExecResult, MAX_MISSED_TICKS, type TaskRecord, type TaskResources } from '../../host-api.ts'
import type { Texts } from '../../text/texts.ts'
import { renderBacklog } from './backlog-view.ts'
import { formatCount, formatDuration, formatPoints, formatWhen } from './format.ts'
import { indent, renderPairs, renderTable } from './table.ts'

/** A record may hold a problem per function; a summary shows this many and says where the rest is. */
const MAX_SUMMARY_PROBLEMS = 10

function formatTook(texts: Texts, { startTimeMs, endTimeMs }: TaskRecord): string {
  if (startTimeMs === null || endTimeMs === null) return texts.view.none
  return formatDuration(texts, endTimeMs - startTimeMs)
}

export function renderTaskTable(texts: Texts, records: readonly TaskRecord[]): string[] {
  if (records.length === 0) return [texts.view.task.empty]
  const rows = records.map((record) => [
    record.id,
    record.status,
    record.funcId,
    formatWhen(texts, record.triggerTimeMs),
    formatTook(texts, record),
    formatPoints(texts, record.points),
    formatCount(texts, record.problems.length),
  ])
  return renderTable(texts.view.task.columns, rows)
}

function sumBilled(usage: readonly Usage[]): number {
  return usage.reduce((sum, { billedMetrics }) => sum + billedMetrics, 0)
}

/** By how much a task missed what it had planned to ask for; nothing when it did not, or had planned nothing. */
function renderMissed(texts: Texts, { usage, predicted }: TaskRecord): readonly string[] {
  const planned = sumBilled(predicted)
  const beyond = sumBilled(usage) - planned
  if (predicted.length === 0 || beyond === 0) return []
  const { more, fewer } = texts.view.task
  return [(beyond > 0 ? more : fewer)(formatCount(texts, planned), formatCount(texts, Math.abs(beyond)))]
}

function renderUsage(texts: Texts, record: TaskRecord): string {
  const count = (value: number): string => formatCount(texts, value)
  const requests = new Map<string, number>()
  for (const used of record.usage) requests.set(used.api, (requests.get(used.api) ?? 0) + used.requests)
  const byApi = [...requests].map(([api, sum]) => texts.view.task.requests(api, count(sum)))
  const total = [...requests.values()].reduce((sum, one) => sum + one, 0)
  return [
    texts.view.task.awsTotal(count(total), count(sumBilled(record.usage))),
    ...(byApi.length === 0 ? [] : [byApi.join(' · ')]),
    ...renderMissed(texts, record),
  ].join('\n')
}

function renderProblems(texts: Texts, problems: readonly Problem[]): string[] {
  return problems.map((problem) => {
    const head = `${texts.view.severity[problem.severity]} ${problem.code}  ${problem.scope}: ${problem.message}`
    if (problem.action === undefined) return head
    return `${head} (${texts.view.task.missingAction(problem.action)})`
  })
}

function renderResources(texts: Texts, { cpuMs, peakRssBytes }: TaskResources): string {
  return texts.view.task.resources(
    formatDuration(texts, cpuMs),
    formatCount(texts, Math.round(peakRssBytes / 2 ** 20)),
  )
}

function outcomePairs(texts: Texts, record: TaskRecord): [string, string][] {
  const { labels, debug } = texts.view.task
  const points = formatPoints(texts, record.points)
  const pairs: [string, string][] = [
    [labels.took, formatTook(texts, record)],
    [labels.points, record.isDebug ? `${points} (${debug})` : points],
    [labels.aws, renderUsage(texts, record)],
  ]
  if (record.resources !== null) pairs.push([labels.used, renderResources(texts, record.resources)])
  if (record.endpointUrl !== null) pairs.push([labels.endpoint, record.endpointUrl])
  pairs.push([labels.sentTo, record.connector])
  return pairs
}

/** The summary after `dff exec`: status, points, cost, destination, what waits, what went wrong. */
export function renderOutcome(texts: Texts, { record, backlog }: ExecResult): string[] {
  const { labels, moreProblems } = texts.view.task
  const pairs: [string, string][] = [
    [labels.status, record.status],
    [labels.task, record.id],
    ...outcomePairs(texts, record),
    [labels.waiting, renderBacklog(texts, backlog)],
  ]
  const shown = renderProblems(texts, record.problems.slice(0, MAX_SUMMARY_PROBLEMS))
  const hidden = record.problems.length - shown.length
  if (hidden > 0) shown.push(moreProblems(formatCount(texts, hidden), record.id))
  if (shown.length > 0) pairs.push([labels.problems, shown.join('\n')])
  return renderPairs(pairs)
}

function missedPairs(texts: Texts, { missedTicks }: TaskRecord): [string, string][] {
  if (missedTicks === 0) return []
  const { labels, missed, missedMany } = texts.view.task
  const count = formatCount(texts, missedTicks)
  return [[labels.missed, missedTicks < MAX_MISSED_TICKS ? missed(count) : missedMany(count)]]
}

/** One task record, whole but for its log. */
export function renderTaskRecord(texts: Texts, record: TaskRecord): string[] {
  const { labels, origin, moreText } = texts.view.task
  const source = record.triggerId === null ? '' : ` ${record.triggerId}`
  const pairs: [string, string][] = [
    [labels.task, record.id],
    [labels.func, record.funcId],
    [labels.status, record.status],
    [labels.origin, `${origin[record.origin]}${source}`],
    [labels.triggered, formatWhen(texts, record.triggerTimeMs)],
    ...missedPairs(texts, record),
    [labels.started, formatWhen(texts, record.startTimeMs)],
    [labels.ended, formatWhen(texts, record.endTimeMs)],
    ...outcomePairs(texts, record),
  ]
  if (record.exceptionText !== null) {
    const type = record.exceptionType === null ? '' : `${record.exceptionType}: `
    pairs.push([labels.exception, `${type}${record.exceptionText}`])
  }
  if (record.returnValue !== null) pairs.push([labels.returned, JSON.stringify(record.returnValue)])
  const problems = renderProblems(texts, record.problems)
  return [
    ...renderPairs(pairs),
    ...(problems.length === 0 ? [] : ['', labels.problems, ...indent(problems)]),
    '',
    moreText(record.id),
  ]
}
