/** A plan with its prices: what `dff plan` answers, and prints with `--json`. */
import type { PlannedLateness, PlannedMetric, PlannedRequests } from '../../core/cost-plan.ts'
import type { Problem } from '../../core/script.ts'
import type { PartitionPrice } from '../../core/schema-types.generated.ts'
import type { EpochMs } from '../../core/time.ts'
import type { AlertTime } from './alert.ts'
import type { Bill } from './bill.ts'
import type { Money } from './money.ts'

/** When the function runs by itself. */
export interface PlanSchedule {
  /** Null without a trigger: the default interval was planned with. */
  readonly cronExpr: string | null
  readonly timezone: string
  readonly isEnabled: boolean
  /** The time between most polls. */
  readonly intervalMs: number
  /** 30 days. */
  readonly pollsPerMonth: number
}

export interface PlanAmount {
  readonly requests: number
  readonly billedMetrics: number
  readonly bill: Bill
}

export interface PricedMetric extends PlannedMetric {
  /** Each time. */
  readonly each: Bill
  /** Of 30 days; nothing for what comes once. */
  readonly month: Bill
}

export interface PricedRequests extends PlannedRequests {
  /** 0 for what comes once. */
  readonly requestsPerMonth: number
}

/** The whole plan under one other setting. */
export interface PricedOption {
  readonly option: string
  readonly billedMetricsPerPoll: number
  readonly month: Bill
  /** To the plan as it is. */
  readonly change: Bill
  readonly fields: number
  readonly fieldsChange: number
  readonly alertP95Min: number | null
}

/** What one offer of the platform costs. */
export interface SeriesCost {
  readonly name: string
  readonly perDay: Money
  readonly perMonth: Money
}

/** Where a price is from; null where none is known. */
export interface PriceSource {
  readonly partition: string
  readonly price: PartitionPrice | null
}

export interface PricedPlan {
  readonly funcId: string
  readonly scriptPath: string
  /** Further functions of the script that its triggers run: each has a plan and a bill of its own. */
  readonly besides: readonly string[]
  readonly atMs: EpochMs
  readonly schedule: PlanSchedule
  /** What the plan itself asked of AWS, by API. */
  readonly asked: readonly { readonly api: string; readonly requests: number }[]
  /** What every poll asks; of what only some polls ask, the mean. Its bill is that of the metrics. */
  readonly poll: PlanAmount
  /** What comes on top once a day. */
  readonly day: PlanAmount
  /** 30 days. */
  readonly month: PlanAmount
  readonly once: PlanAmount
  readonly metrics: readonly PricedMetric[]
  readonly requests: readonly PricedRequests[]
  readonly series: {
    /** Active time series of a day, at most. */
    readonly perDay: number
    readonly costs: readonly SeriesCost[]
    readonly asOf: string | null
    readonly source: string | null
  }
  readonly alert: AlertTime | null
  readonly lateness: readonly PlannedLateness[]
  readonly options: readonly PricedOption[]
  readonly prices: readonly PriceSource[]
  /** Regions and collectors that could not be planned, and what else was found. */
  readonly problems: readonly Problem[]
}

/** By how much the second plan differs from the first. */
export interface PlanChange {
  readonly requestsPerPoll: number
  readonly billedMetricsPerPoll: number
  readonly month: Bill
  readonly once: Bill
  readonly seriesPerDay: number
  readonly alertP95Min: number | null
}

export interface PlanReport {
  readonly plan: PricedPlan
  /** Of the script to compare with. */
  readonly other: PricedPlan | null
  readonly change: PlanChange | null
}
