import type { PricedMetric, PricedPlan, PricedRequests } from '../../cost/priced-plan.ts'
import { type Bill, joinBills } from '../../cost/bill.ts'
import type { Texts } from '../../text/texts.ts'
import { formatBill, formatBillChange, formatChange, formatCount, formatMean } from './format.ts'
import { renderTable } from './table.ts'

/** More are read with `--json`. */
const MAX_ROWS = 20

interface Sum {
  readonly cells: readonly string[]
  readonly series: number
  readonly billedMetrics: number
  readonly each: Bill
  readonly month: Bill
}

/** Rows with equal cells as one, in the order in which they come. */
function addUp(
  metrics: readonly PricedMetric[],
  cellsOf: (row: PricedMetric) => readonly string[],
): readonly Sum[] {
  const groups = Map.groupBy(metrics, (row) => JSON.stringify(cellsOf(row)))
  return [...groups].map(([key, rows]) => ({
    cells: JSON.parse(key) as string[], // as written above
    series: rows.reduce((sum, { series }) => sum + series, 0),
    billedMetrics: rows.reduce((sum, { billedMetrics }) => sum + billedMetrics, 0),
    each: joinBills(rows.map(({ each }) => each)),
    month: joinBills(rows.map(({ month }) => month)),
  }))
}

function renderSums(texts: Texts, columns: readonly string[], sums: readonly Sum[]): string[] {
  if (sums.length === 0) return []
  const rows = sums
    .slice(0, MAX_ROWS)
    .map(({ cells, series, billedMetrics, each, month }) => [
      ...cells,
      formatCount(texts, series),
      formatCount(texts, billedMetrics),
      formatBill(texts, each),
      formatBill(texts, month),
    ])
  const hidden = sums.length - rows.length
  const more = hidden > 0 ? [texts.view.plan.more(formatCount(texts, hidden))] : []
  return [...renderTable(columns, rows), ...more]
}

/** By account, region and rule. */
export function renderPlannedPlaces(texts: Texts, metrics: readonly PricedMetric[]): string[] {
  const { placeColumns, every } = texts.view.plan
  const sums = addUp(metrics, (row) => [row.accountId, row.region, row.rule, every[row.every]])
  return renderSums(texts, placeColumns, sums)
}

/** By metric, those that are asked most first. */
export function renderPlannedMetrics(texts: Texts, metrics: readonly PricedMetric[]): string[] {
  const { metricColumns, every } = texts.view.plan
  const polled = metrics.filter((row) => row.every === 'poll')
  const sums = addUp(polled, (row) => [`${row.namespace} ${row.metric}`, row.rule, every[row.every]])
  const sorted = sums.toSorted((left, right) => right.billedMetrics - left.billedMetrics)
  return renderSums(texts, metricColumns, sorted)
}

/** By API and rule. */
export function renderPlannedRequests(texts: Texts, requests: readonly PricedRequests[]): string[] {
  const { requestColumns, every } = texts.view.plan
  const groups = Map.groupBy(requests, (row) => JSON.stringify([row.api, row.rule, every[row.every]]))
  const rows = [...groups].map(([key, own]) => [
    ...(JSON.parse(key) as string[]), // as written above
    formatMean(
      texts,
      own.reduce((sum, row) => sum + row.requests, 0),
    ),
    formatMean(
      texts,
      own.reduce((sum, row) => sum + row.requestsPerMonth, 0),
    ),
  ])
  return rows.length === 0 ? [] : renderTable(requestColumns, rows)
}

/** Settings that change something, and the intervals. */
export function renderOptions(texts: Texts, { options, poll, series }: PricedPlan): string[] {
  const rows = options.filter(
    ({ option, billedMetricsPerPoll, fields }) =>
      option.startsWith('poll:') || billedMetricsPerPoll !== poll.billedMetrics || fields !== series.perDay,
  )
  if (rows.length === 0 || poll.billedMetrics === 0) return []
  return renderTable(
    texts.view.plan.optionColumns,
    rows.map(({ option, billedMetricsPerPoll, month, change, fieldsChange, alertP95Min }) => [
      option,
      formatCount(texts, billedMetricsPerPoll),
      formatBill(texts, month),
      formatBillChange(texts, change),
      formatChange(texts, fieldsChange),
      alertP95Min === null ? texts.view.none : formatMean(texts, alertP95Min),
    ]),
  )
}
