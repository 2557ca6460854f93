import { MINUTE_MS } from '../../../core/time.ts'
import type { PlanAmount, PlanReport, PlanSchedule, PricedPlan } from '../../cost/priced-plan.ts'
import type { Texts } from '../../text/texts.ts'
import {
  formatBill,
  formatBillChange,
  formatChange,
  formatCount,
  formatMean,
  formatMoney,
  formatWhen,
} from './format.ts'
import {
  renderOptions,
  renderPlannedMetrics,
  renderPlannedPlaces,
  renderPlannedRequests,
} from './plan-tables.ts'
import { indent, renderPairs, renderTable } from './table.ts'

/** More are read with `--json`. */
const MAX_PROBLEMS = 20

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', title, ...indent(lines)]
}

function renderSchedule(texts: Texts, schedule: PlanSchedule): string {
  const { every, none, disabled } = texts.view.plan.schedule
  const { cronExpr, timezone, intervalMs, pollsPerMonth, isEnabled } = schedule
  const text = every(formatMean(texts, intervalMs / MINUTE_MS), formatCount(texts, pollsPerMonth))
  if (cronExpr === null) return `${text}\n${none}`
  return `${text}, ${cronExpr} (${timezone})${isEnabled ? '' : `\n${disabled}`}`
}

function renderAsked(texts: Texts, { asked }: PricedPlan): string {
  const calls = asked.map(({ api, requests }) => texts.view.task.requests(api, formatCount(texts, requests)))
  return calls.length === 0 ? texts.view.plan.nothingAsked : calls.join(' · ')
}

function renderTotals(texts: Texts, { poll, day, month, once }: PricedPlan): string[] {
  const { totals, totalColumns } = texts.view.plan
  const row = (name: string, { requests, billedMetrics, bill }: PlanAmount): string[] => [
    name,
    formatMean(texts, requests),
    formatMean(texts, billedMetrics),
    formatBill(texts, bill),
  ]
  return renderTable(totalColumns, [
    row(totals.poll, poll),
    row(totals.day, day),
    row(totals.month, month),
    row(totals.once, once),
  ])
}

function renderSeries(texts: Texts, { series }: PricedPlan): string[] {
  const { atMost, noSeriesPrice, offerColumns } = texts.view.plan
  if (series.perDay === 0) return []
  const count = atMost(formatCount(texts, series.perDay))
  if (series.costs.length === 0) return [count, noSeriesPrice]
  const rows = series.costs.map(({ name, perDay, perMonth }) => [
    name,
    formatMoney(texts, perDay),
    formatMoney(texts, perMonth),
  ])
  return [count, ...renderTable(offerColumns, rows)]
}

function renderAlert(texts: Texts, { alert, lateness }: PricedPlan): string[] {
  if (alert === null) return []
  const { within, latenessColumns, causes } = texts.view.plan
  const min = (value: number): string => texts.view.plan.minutes(formatMean(texts, value))
  const sets = new Map<string, { readonly cells: readonly string[]; count: number; final: number }>()
  for (const { shownAfterMin, finalAfterMin, cause, sets: count } of lateness) {
    const cells = [min(shownAfterMin), min(finalAfterMin), causes[cause]]
    const known = sets.get(cells.join()) ?? { cells, count: 0, final: finalAfterMin }
    known.count += count
    sets.set(cells.join(), known)
  }
  const rows = [...sets.values()].toSorted((left, right) => left.final - right.final)
  return [
    within(min(alert.p50Min), min(alert.p95Min), min(alert.maxMin)),
    ...renderTable(
      latenessColumns,
      rows.map(({ cells, count }) => [formatCount(texts, count), ...cells]),
    ),
  ]
}

function renderPrices(texts: Texts, { prices, series }: PricedPlan): string[] {
  const { price, noPrice, seriesSource } = texts.view.plan
  const none = texts.view.none
  const pairs = prices.map(({ partition, price: known }): [string, string] => {
    if (known === null) return [partition, noPrice]
    const { currency, perThousandMetrics: amount, asOf = none, source = none } = known
    return [partition, price(`${currency} ${amount}`, asOf, source)]
  })
  if (series.source !== null) pairs.push([seriesSource, `${series.asOf ?? none}: ${series.source}`])
  return renderPairs(pairs)
}

/** What could not be planned, in the order in which it was met. */
function renderProblems(texts: Texts, { problems }: PricedPlan): string[] {
  const { problem, more } = texts.view.plan
  const shown = problems
    .slice(0, MAX_PROBLEMS)
    .map(({ severity, scope, message }) => problem(texts.view.severity[severity], scope, message))
  const hidden = problems.length - shown.length
  return hidden > 0 ? [...shown, more(formatCount(texts, hidden))] : shown
}

function renderPlan(texts: Texts, plan: PricedPlan): string[] {
  const { besides, labels, titles, title } = texts.view.plan
  return [
    title(plan.funcId, formatWhen(texts, plan.atMs)),
    ...indent(
      renderPairs([
        [labels.script, plan.scriptPath],
        [labels.schedule, renderSchedule(texts, plan.schedule)],
        ...plan.besides.map((other): [string, string] => [labels.besides, besides(other)]),
        [labels.asked, renderAsked(texts, plan)],
      ]),
    ),
    ...section(titles.totals, renderTotals(texts, plan)),
    ...section(titles.places, renderPlannedPlaces(texts, plan.metrics)),
    ...section(titles.metrics, renderPlannedMetrics(texts, plan.metrics)),
    ...section(titles.requests, renderPlannedRequests(texts, plan.requests)),
    ...section(titles.series, renderSeries(texts, plan)),
    ...section(titles.alert, renderAlert(texts, plan)),
    ...section(titles.options, renderOptions(texts, plan)),
    ...section(titles.prices, renderPrices(texts, plan)),
    ...section(titles.problems, renderProblems(texts, plan)),
  ]
}

function renderComparison(texts: Texts, { plan, other, change }: PlanReport): string[] {
  if (other === null || change === null) return []
  const { compareColumns, compared } = texts.view.plan
  const mean = (value: number): string => formatMean(texts, value)
  const signed = (value: number): string => formatChange(texts, value)
  const alert = ({ alert: time }: PricedPlan): string => (time === null ? texts.view.none : mean(time.p95Min))
  return renderTable(compareColumns, [
    [compared.requests, mean(plan.poll.requests), mean(other.poll.requests), signed(change.requestsPerPoll)],
    [
      compared.billed,
      mean(plan.poll.billedMetrics),
      mean(other.poll.billedMetrics),
      signed(change.billedMetricsPerPoll),
    ],
    [
      compared.month,
      formatBill(texts, plan.month.bill),
      formatBill(texts, other.month.bill),
      formatBillChange(texts, change.month),
    ],
    [
      compared.once,
      formatBill(texts, plan.once.bill),
      formatBill(texts, other.once.bill),
      formatBillChange(texts, change.once),
    ],
    [compared.series, mean(plan.series.perDay), mean(other.series.perDay), signed(change.seriesPerDay)],
    [
      compared.alert,
      alert(plan),
      alert(other),
      change.alertP95Min === null ? texts.view.none : signed(change.alertP95Min),
    ],
  ])
}

/** A plan; with another to compare, both and the difference. */
export function renderPlanReport(texts: Texts, report: PlanReport): string[] {
  const { plan, other } = report
  return [
    ...renderPlan(texts, plan),
    ...(other === null ? [] : ['', ...renderPlan(texts, other)]),
    ...section(texts.view.plan.titles.comparison, renderComparison(texts, report)),
  ]
}
