/**
 * What a Startup script is going to ask for, in quantities: its host knows the prices and the schedule. Rows add up, so
 * that collectors, regions and functions can be put together.
 */

/** At every poll, once a day, or once and never again. */
export type Cadence = 'poll' | 'day' | 'once'

interface Place {
  readonly accountId: string
  readonly region: string
}

/** Requests of one API made for one reason. A mean, and so a fraction, where not every poll makes them. */
export interface PlannedRequests extends Place {
  readonly api: string
  /** Why: `everything` (policy), `longest`, `audit`, `backfill`, `listing`, … */
  readonly rule: string
  readonly every: Cadence
  readonly requests: number
}

/** Series of one metric that one rule asks for. */
export interface PlannedMetric extends Place {
  readonly namespace: string
  readonly metric: string
  readonly rule: string
  readonly every: Cadence
  readonly series: number
  /** Σ⌈statistics/5⌉, as AWS bills them. */
  readonly billedMetrics: number
  /** Fields of all series, at most so many active time series a day; 0 where another rule has counted them. */
  readonly fields: number
}

/** Dimension sets whose minutes are delivered equally late; minutes count from the beginning of the minute. */
export interface PlannedLateness extends Place {
  readonly sets: number
  /** When its first value may go out: early where the connector's store takes corrections. */
  readonly shownAfterMin: number
  readonly finalAfterMin: number
  /** What the waiting is for: CloudWatch alone, a timeout, twice the longest invocation, a timeout that nobody knows. */
  readonly cause: 'pipeline' | 'timeout' | 'longest' | 'unknown'
}

/** The same region under one other setting, as a whole. */
export interface PlannedOption extends Place {
  /** Setting and value as in the Startup script, e.g. `statistics: upstream`. */
  readonly option: string
  readonly billedMetricsPerPoll: number
  readonly billedMetricsPerDay: number
  readonly fields: number
}

/** A plan in quantities; what could not be planned is reported as a problem. */
export interface CostPlan {
  readonly requests: readonly PlannedRequests[]
  readonly metrics: readonly PlannedMetric[]
  readonly lateness: readonly PlannedLateness[]
  readonly options: readonly PlannedOption[]
}

/** What a plan depends on besides the script: how often it polls. */
export interface PlanQuestion {
  readonly intervalMs: number
}

export const NO_COST: CostPlan = { requests: [], metrics: [], lateness: [], options: [] }

/** All rows of several plans, in their order. */
export function joinPlans(plans: readonly CostPlan[]): CostPlan {
  return {
    requests: plans.flatMap(({ requests }) => requests),
    metrics: plans.flatMap(({ metrics }) => metrics),
    lateness: plans.flatMap(({ lateness }) => lateness),
    options: plans.flatMap(({ options }) => options),
  }
}
