import { type CloudwatchConfigs, DffError } from 'guance-aws-lambda/dff'
import type { CataloguedMetric } from './catalogue.ts'

type StatisticsChoice = NonNullable<CloudwatchConfigs['statistics']>

/** Upstream's five of every metric, for dashboards made for it (guance.md §2.4); also of metrics whose kind is unknown. */
const UPSTREAM = ['Average', 'Maximum', 'Minimum', 'SampleCount', 'Sum'] as const

/** What each kind is read for, unless the catalogue says otherwise; at most five, which AWS bills as one metric. */
const USEFUL: Readonly<Record<CataloguedMetric['kind'], readonly string[]>> = {
  count: ['Sum'],
  duration: ['Average', 'Maximum', 'SampleCount', 'p90', 'p99'],
  age: ['Average', 'Maximum'],
  gauge: ['Maximum'],
}

/** Field of a statistic: `Duration_p99_9` for p99.9, `Duration_tm10_90` for tm(10%:90%); a dot or sign would need quoting in every query. */
export function fieldName(metric: string, statistic: string): string {
  return `${metric}_${statistic.replaceAll(/[%()]/g, '').replaceAll(/[.:]/g, '_')}`
}

function refuseSameField(metric: string, statistics: readonly string[]): void {
  const seen = new Map<string, string>()
  for (const statistic of statistics) {
    const field = fieldName(metric, statistic)
    const other = seen.get(field)
    if (other !== undefined) {
      throw new DffError({
        code: 'BAD_PARAMETER',
        place: `cloudwatchConfigs: statistics.${metric}`,
        expected: 'statistics with different field names',
        got: `${other} and ${statistic}, both ${field}`,
        remedy: 'Keep one of them.',
      })
    }
    seen.set(field, statistic)
  }
}

/** Statistics to ask for of a metric, given what the catalogue knows of it. */
export type StatisticsOf = (name: string, known: CataloguedMetric | undefined) => readonly string[]

const useful: StatisticsOf = (_name, known) =>
  known === undefined ? UPSTREAM : (known.statistics ?? USEFUL[known.kind])

/** Compiles the parameter `statistics`; throws BAD_PARAMETER when two statistics of one metric share a field name. */
export function compileStatistics(choice: StatisticsChoice = 'useful'): StatisticsOf {
  if (choice === 'useful') return useful
  if (choice === 'upstream') return () => UPSTREAM
  const lists = new Map(Object.entries(choice).map(([metric, list]) => [metric.toLowerCase(), list]))
  for (const [metric, list] of Object.entries(choice)) refuseSameField(metric, list)
  return (name, known) => lists.get(name.toLowerCase()) ?? useful(name, known)
}
