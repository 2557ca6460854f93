import type { Check } from '../../../core/script.ts'
import type { CheckReport } from '../../host-api.ts'
import type { Texts } from '../../text/texts.ts'
import { formatCount } from './format.ts'
import { renderPairs } from './table.ts'

/** True when something asked for does not hold; a warning is not a failure. */
export function hasFailed(reports: readonly CheckReport[]): boolean {
  return reports.some((report) => report.checks.some((check) => check.status === 'failed'))
}

function renderCheck(texts: Texts, check: Check): [string, string] {
  const remedy = check.status === 'ok' || check.remedy === undefined ? '' : `\n${check.remedy}`
  const detail = check.detail === '' ? '' : `: ${check.detail}`
  return [texts.view.check.status[check.status], `${check.title}${detail}${remedy}`]
}

/** Checks by target, each with its evidence and, when it does not hold, what to do; then the count. */
export function renderReports(texts: Texts, reports: readonly CheckReport[]): string[] {
  const checks = reports.flatMap((report) => report.checks)
  if (checks.length === 0) return [texts.view.check.none]
  const lines = reports.flatMap((report) => [
    report.target,
    ...renderPairs(report.checks.map((check) => renderCheck(texts, check))).map((line) => `  ${line}`),
    '',
  ])
  const count = (status: Check['status']): string =>
    formatCount(texts, checks.filter((check) => check.status === status).length)
  return [...lines, texts.view.check.summary(count('ok'), count('warning'), count('failed'))]
}
