import { type Guard, hasShape, isCount, isListOf, isOneOf, isText } from './shape.ts'

const isName = isText(1_024)

/** Regions times metrics times rules are thousands; a list beyond it is a flood. */
const MAX_ROWS = 100_000

/** A mean may be a fraction; more than this is nonsense, and sums of it would not be whole any more. */
const isAmount: Guard = (value) =>
  typeof value === 'number' && value >= 0 && value <= Number.MAX_SAFE_INTEGER / MAX_ROWS

const PLACE = { accountId: isName, region: isName }

const isCadence = isOneOf('poll', 'day', 'once')

/** The shape of core/cost-plan.ts, of a process that is not trusted. */
export const isCostPlan: Guard = hasShape({
  requests: isListOf(
    hasShape({ ...PLACE, api: isName, rule: isName, every: isCadence, requests: isAmount }),
    MAX_ROWS,
  ),
  metrics: isListOf(
    hasShape({
      ...PLACE,
      namespace: isName,
      metric: isName,
      rule: isName,
      every: isCadence,
      series: isAmount,
      billedMetrics: isAmount,
      fields: isAmount,
    }),
    MAX_ROWS,
  ),
  lateness: isListOf(
    hasShape({
      ...PLACE,
      sets: isCount(),
      shownAfterMin: isAmount,
      finalAfterMin: isAmount,
      cause: isOneOf('pipeline', 'timeout', 'longest', 'unknown'),
    }),
    MAX_ROWS,
  ),
  options: isListOf(
    hasShape({
      ...PLACE,
      option: isName,
      billedMetricsPerPoll: isAmount,
      billedMetricsPerDay: isAmount,
      fields: isAmount,
    }),
    MAX_ROWS,
  ),
})
