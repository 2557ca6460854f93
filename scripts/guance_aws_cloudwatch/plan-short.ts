import {
  type CloudwatchConfigs,
  type CostPlan,
  DAY_MS,
  type PlanQuestion,
  type RunContext,
} from 'guance-aws-lambda/dff'
import { LEVELS } from './degrade.ts'

/** As the host counts a month. */
const MONTH_MS = 30 * DAY_MS

interface Short {
  readonly context: RunContext
  readonly accountId: string
  readonly configs: CloudwatchConfigs
}

/** Billed metrics. */
interface Billed {
  readonly poll: number
  readonly month: number
}

/** Billed metrics of the accounts planned so far, by the run that plans them; gone with it. */
const plannedOfRun = new WeakMap<RunContext, Billed>()

function billedOf({ metrics }: CostPlan, every: string): number {
  return metrics.reduce((sum, row) => sum + (row.every === every ? row.billedMetrics : 0), 0)
}

/** A limit that does not hold: what is foreseen, and what comes when nothing more can be given up. */
interface Shortfall {
  readonly text: string
  readonly end: string
}

const FAILS = 'then the task fails'
const WAITS = 'then the rest waits for the next poll'

/** Who is critical is asked for nothing but the core, of which nothing is given up. */
function describeShortfall({ text, end }: Shortfall, { tier }: CloudwatchConfigs): string {
  const steps = tier === 'critical' ? ['nothing'] : LEVELS.slice(1)
  return `${text} Given up then, in this order: ${steps.join('; ')}; ${end}.`
}

function monthShortfall({ month }: Billed, limit: number, whose: string): Shortfall {
  const days = Math.floor((limit / month) * (MONTH_MS / DAY_MS))
  const text = `A month of such polls${whose} is billed ${Math.round(month)} metrics, and the budget is ${limit}: it would be used up after ${days} days.`
  return { text, end: FAILS }
}

function pollShortfall({ poll }: Billed, limit: number, whose: string): Shortfall {
  const text = `Such a poll${whose} is billed ${Math.round(poll)} metrics, and the budget of a poll is ${limit}.`
  return { text, end: WAITS }
}

/** Limits of one account that do not hold. */
function ownShortfalls({ configs }: Short, billed: Billed, series: number): readonly Shortfall[] {
  const { budget: { perMonth, perPoll } = {}, maxSeries } = configs
  return [
    ...(perMonth !== undefined && billed.month > perMonth ? [monthShortfall(billed, perMonth, '')] : []),
    ...(perPoll !== undefined && billed.poll > perPoll ? [pollShortfall(billed, perPoll, '')] : []),
    ...(maxSeries !== undefined && series > maxSeries
      ? [{ text: `Such polls collect ${series} time series, and maxSeries is ${maxSeries}.`, end: FAILS }]
      : []),
  ]
}

/** Limits of all accounts that hold without this one, and not with it: each is told once. */
function sharedShortfalls({ context, configs }: Short, billed: Billed): readonly Shortfall[] {
  const before = plannedOfRun.get(context) ?? { poll: 0, month: 0 }
  const after = { poll: before.poll + billed.poll, month: before.month + billed.month }
  plannedOfRun.set(context, after)
  const { perMonthInAll, perPollInAll } = configs.budget ?? {}
  const whose = ' of the accounts up to this one'
  const isCrossed = (one: keyof Billed, limit: number): boolean => before[one] <= limit && after[one] > limit
  return [
    ...(perMonthInAll !== undefined && isCrossed('month', perMonthInAll)
      ? [monthShortfall(after, perMonthInAll, whose)]
      : []),
    ...(perPollInAll !== undefined && isCrossed('poll', perPollInAll)
      ? [pollShortfall(after, perPollInAll, whose)]
      : []),
  ]
}

/** Says when budget and cap will bite, of an account and in all, and what is given up then. */
export function reportShort(short: Short, plan: CostPlan, { intervalMs }: PlanQuestion): void {
  const { context, accountId, configs } = short
  const poll = billedOf(plan, 'poll')
  const month = (poll * MONTH_MS) / intervalMs + (billedOf(plan, 'day') * MONTH_MS) / DAY_MS
  const series = plan.metrics.reduce((sum, { fields }) => sum + fields, 0)
  const billed = { poll, month }
  for (const shortfall of [...ownShortfalls(short, billed, series), ...sharedShortfalls(short, billed)]) {
    const message = describeShortfall(shortfall, configs)
    context.report({ code: 'budget', severity: 'warning', scope: accountId, message })
  }
}
