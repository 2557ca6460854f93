import type { Window } from 'guance-aws-lambda/dff'
import { asksOf, type EntryPlan } from './entry-plan.ts'
import { type Ask, billedOf, type MetricRequest, planRequests, type SeriesStatistics } from './plan.ts'
import { PERIOD_SEC } from './window.ts'

interface MetricSum {
  series: number
  billedMetrics: number
  fields: number
}

/** Requests and series of one rule, added up. */
export class Asked {
  requests = 0
  readonly metrics = new Map<string, MetricSum>()

  addPlans(plans: readonly EntryPlan[], reach?: Window): void {
    this.addAsks(asksOf(plans, reach))
  }

  addAsks(asks: readonly Ask[]): void {
    this.requests += planRequests(asks, PERIOD_SEC).length
    for (const { wanted } of asks) wanted.forEach((one) => this.#add(one))
  }

  /** The same so many times as often. */
  scaled(factor: number): Asked {
    const asked = new Asked()
    asked.requests = this.requests * factor
    for (const [metric, { series, billedMetrics, fields }] of this.metrics) {
      asked.metrics.set(metric, { series, billedMetrics: billedMetrics * factor, fields })
    }
    return asked
  }

  /** As often as comes to so many billed metrics; as it is where nobody knows how many. */
  scaledTo(units: number | undefined): Asked {
    return units === undefined || this.billedMetrics === 0 ? this : this.scaled(units / this.billedMetrics)
  }

  /** Both together. */
  joined(other: Asked): Asked {
    const asked = this.scaled(1)
    asked.requests += other.requests
    for (const [metric, { series, billedMetrics, fields }] of other.metrics) {
      const sum = asked.metrics.get(metric) ?? { series: 0, billedMetrics: 0, fields: 0 }
      asked.metrics.set(metric, {
        series: Math.max(sum.series, series),
        billedMetrics: sum.billedMetrics + billedMetrics,
        fields: Math.max(sum.fields, fields),
      })
    }
    return asked
  }

  get billedMetrics(): number {
    return [...this.metrics.values()].reduce((sum, { billedMetrics }) => sum + billedMetrics, 0)
  }

  /** Requests whose queries are each of a series of its own. */
  addSingles(requests: readonly MetricRequest[]): void {
    this.requests += requests.length
    for (const { queries } of requests) {
      for (const { series, statistic } of queries) this.#add({ series, statistics: [statistic] })
    }
  }

  #add({ series, statistics }: SeriesStatistics): void {
    const sum = this.metrics.get(series.metric) ?? { series: 0, billedMetrics: 0, fields: 0 }
    this.metrics.set(series.metric, sum)
    sum.series += 1
    sum.billedMetrics += billedOf({ statistics })
    sum.fields += statistics.length
  }
}
