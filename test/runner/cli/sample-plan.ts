/** A plan of two accounts in two partitions, one region of which is denied. */
import type { CostPlan } from '../../../core/cost-plan.ts'
import { pollsEvery } from '../../../runner/cost/polls.ts'
import { makePriceList } from '../../../runner/cost/price-list.ts'
import { comparePlans, pricePlan } from '../../../runner/cost/price-plan.ts'
import type { PlanReport, PricedPlan } from '../../../runner/cost/priced-plan.ts'
import { NOW_MS } from './sample.ts'

const US = { accountId: '123456789012', region: 'us-east-1' }
const CN = { accountId: '210987654321', region: 'cn-north-1' }
const GET = 'cloudwatch:GetMetricData'

const [POLL, DAY] = [
  { rule: 'everything', every: 'poll' },
  { rule: 'audit', every: 'day' },
] as const
const ONCE = { rule: 'longest', every: 'once' } as const

function metric(
  place: typeof US,
  name: string,
  { series, statistics }: { readonly series: number; readonly statistics: number },
): CostPlan['metrics'] {
  const base = { ...place, namespace: 'AWS/Lambda', metric: name, series }
  const billedMetrics = series * Math.ceil(statistics / 5)
  return [
    { ...base, ...POLL, billedMetrics, fields: series * statistics },
    { ...base, ...DAY, billedMetrics, fields: 0 },
  ]
}

const QUANTITIES: CostPlan = {
  requests: [
    { ...US, ...POLL, api: GET, requests: 26 },
    { ...US, ...DAY, api: GET, requests: 260 },
    { ...US, ...ONCE, api: GET, requests: 3 },
    { ...US, rule: 'listing', every: 'poll', api: 'cloudwatch:ListMetrics', requests: 16 / 3 },
    { ...US, rule: 'listing', every: 'poll', api: 'lambda:ListFunctions', requests: 20 },
    { ...CN, ...POLL, api: GET, requests: 1 },
  ],
  metrics: [
    ...metric(US, 'Invocations', { series: 1_000, statistics: 1 }),
    ...metric(US, 'Errors', { series: 1_000, statistics: 1 }),
    ...metric(US, 'Duration', { series: 1_000, statistics: 6 }),
    ...metric(CN, 'Errors', { series: 40, statistics: 1 }),
    {
      ...US,
      ...ONCE,
      namespace: 'AWS/Lambda',
      metric: 'Duration',
      series: 120,
      billedMetrics: 120,
      fields: 0,
    },
  ],
  lateness: [
    { ...US, sets: 900, shownAfterMin: 5, finalAfterMin: 5, cause: 'timeout' },
    { ...US, sets: 100, shownAfterMin: 12, finalAfterMin: 12, cause: 'longest' },
    { ...CN, sets: 40, shownAfterMin: 19, finalAfterMin: 19, cause: 'unknown' },
  ],
  options: [
    {
      ...US,
      option: 'statistics: useful',
      billedMetricsPerPoll: 4_000,
      billedMetricsPerDay: 4_000,
      fields: 8_000,
    },
    { ...CN, option: 'statistics: useful', billedMetricsPerPoll: 40, billedMetricsPerDay: 40, fields: 40 },
    { ...US, option: 'grains: all', billedMetricsPerPoll: 9_000, billedMetricsPerDay: 9_000, fields: 18_000 },
    { ...CN, option: 'grains: all', billedMetricsPerPoll: 80, billedMetricsPerDay: 80, fields: 80 },
  ],
}

function makePlan(quantities: CostPlan, changes: Partial<PricedPlan> = {}): PricedPlan {
  const polls = pollsEvery(5)
  return {
    funcId: 'startup__guance_aws_lambda.run',
    scriptPath: '/home/demo/startup/guance_aws_lambda.ts',
    besides: ['startup__guance_aws_lambda.runCritical'],
    atMs: NOW_MS,
    schedule: {
      cronExpr: '*/5 * * * *',
      timezone: 'UTC',
      isEnabled: true,
      intervalMs: polls.intervalMs,
      pollsPerMonth: polls.perMonth,
    },
    asked: [
      { api: 'cloudwatch:ListMetrics', requests: 17 },
      { api: 'lambda:ListFunctions', requests: 21 },
    ],
    ...pricePlan(quantities, { prices: makePriceList({}), polls }),
    problems: [
      {
        code: 'forbidden',
        severity: 'error',
        scope: '123456789012/eu-west-1/AWS/Lambda',
        message: 'AWS does not allow cloudwatch:ListMetrics.',
        action: 'cloudwatch:ListMetrics',
      },
    ],
    ...changes,
  }
}

export const PLAN: PricedPlan = makePlan(QUANTITIES)

/** What `--compare` adds: a script without Duration, without a trigger, in a partition whose price nobody knows. */
export function comparisonOf(plan: PricedPlan): Pick<PlanReport, 'other' | 'change'> {
  const metrics = QUANTITIES.metrics
    .filter((row) => row.metric !== 'Duration')
    .map((row) => (row.region === CN.region ? { ...row, region: 'us-gov-west-1' } : row))
  const other = makePlan(
    { ...QUANTITIES, metrics, options: [] },
    {
      scriptPath: '/home/demo/less.ts',
      schedule: { ...plan.schedule, cronExpr: null },
      asked: [],
      problems: [],
    },
  )
  return { other, change: comparePlans(plan, other) }
}
