import type { AccountUsage } from '../../cost/account-usage.ts'
import type { Texts } from '../../text/texts.ts'
import { formatBill, formatCount } from './format.ts'
import { renderTable } from './table.ts'

function renderTime(texts: Texts, { billedMetrics, bill }: AccountUsage['today']): string[] {
  return [formatCount(texts, billedMetrics), bill === null ? texts.view.none : formatBill(texts, bill)]
}

/** The meter, one account a line. */
export function renderAccountUsage(texts: Texts, usage: readonly AccountUsage[]): string[] {
  const rows = usage.map(({ accountId, today, month }) => [
    accountId === '' ? texts.view.none : accountId,
    formatCount(texts, today.requests),
    ...renderTime(texts, today),
    formatCount(texts, month.requests),
    ...renderTime(texts, month),
  ])
  return renderTable(texts.view.usageOfAws.columns, rows)
}
