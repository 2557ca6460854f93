import { DAY_MS, type EpochMs } from '../../core/time.ts'
import { AwsError } from './error.ts'

export interface GroupBy {
  readonly type: string
  readonly key: string
}

/** What a request to Cost Explorer asks for, checked. */
export interface CostQuestion {
  readonly startMs: EpochMs
  readonly endMs: EpochMs
  readonly granularity: 'DAILY' | 'MONTHLY'
  readonly metrics: readonly string[]
  readonly groupBy: readonly GroupBy[]
  /** Wanted values by dimension. */
  readonly filter: ReadonlyMap<string, readonly string[]>
  /** Values that are left out, by dimension. */
  readonly except: ReadonlyMap<string, readonly string[]>
  readonly token: string | undefined
}

const METRICS = [
  'AmortizedCost',
  'BlendedCost',
  'NetAmortizedCost',
  'NetUnblendedCost',
  'UnblendedCost',
  'UsageQuantity',
]
const DIMENSIONS = ['SERVICE', 'USAGE_TYPE', 'LINKED_ACCOUNT', 'RESOURCE_ID']
const MAX_GROUPS = 2

type Input = Readonly<Record<string, unknown>>

function refuse(message: string): AwsError {
  return new AwsError('validation', message)
}

function recordOf(value: unknown): Input {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {}
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

function dayOf(value: unknown, name: string): EpochMs {
  const ms =
    typeof value === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(value)
      ? Date.parse(`${value}T00:00:00Z`)
      : Number.NaN
  if (Number.isNaN(ms)) throw refuse(`${name} is invalid. Valid format is: yyyy-MM-dd`)
  return ms
}

function parseGroup(value: unknown): GroupBy {
  const { Type: type, Key: key } = recordOf(value)
  const isDimension = type === 'DIMENSION' && DIMENSIONS.includes(String(key))
  const isOther = (type === 'TAG' || type === 'COST_CATEGORY') && typeof key === 'string' && key !== ''
  if (isDimension || isOther) return { type, key: String(key) }
  throw refuse('Group Definition is invalid')
}

/** `Not` of the whole filter, as the one thing in it. */
function parseFilters(value: unknown): Pick<CostQuestion, 'filter' | 'except'> {
  const { Not, ...rest } = recordOf(value)
  if (Not === undefined) return { filter: parseFilter(value), except: new Map() }
  if (Object.keys(rest).length > 0) throw refuse('An Expression must have only one of its members')
  return { filter: new Map(), except: parseFilter(Not) }
}

/** `Dimensions`, or several of them under `And`; another filter would silently not count. */
function parseFilter(value: unknown): Map<string, readonly string[]> {
  const { Dimensions, And, ...rest } = recordOf(value)
  if (Object.keys(rest).length > 0) throw refuse('This simulator knows Dimensions, And and Not in a Filter')
  const filter = new Map<string, readonly string[]>()
  for (const each of listOf(And)) for (const [key, values] of parseFilter(each)) filter.set(key, values)
  if (Dimensions !== undefined) {
    const { Key: key, Values: values } = recordOf(Dimensions)
    if (!DIMENSIONS.includes(String(key))) throw refuse('Dimension key is invalid')
    filter.set(String(key), listOf(values).map(String))
  }
  return filter
}

function checkPeriod(startMs: EpochMs, endMs: EpochMs, nowMs: EpochMs): void {
  if (startMs >= endMs) throw refuse('Start date (and hour) should be before end date (and hour)')
  if (startMs > nowMs) throw refuse('start date must be equal to or no later than the current date')
  if (startMs < nowMs - 430 * DAY_MS) throw refuse('You haven’t enabled historical data beyond 14 months')
}

/** A request body as a question; throws ValidationException as AWS does. */
export function parseQuestion(input: Input, nowMs: EpochMs): CostQuestion {
  const { Start, End } = recordOf(input['TimePeriod'])
  const startMs = dayOf(Start, 'Start time')
  const endMs = dayOf(End, 'End time')
  checkPeriod(startMs, endMs, nowMs)
  const granularity = input['Granularity']
  if (granularity !== 'DAILY' && granularity !== 'MONTHLY') throw refuse('Granularity is invalid')
  const metrics = listOf(input['Metrics']).map(String)
  if (metrics.length === 0 || metrics.some((name) => !METRICS.includes(name)))
    throw refuse('Metrics are invalid')
  const groupBy = listOf(input['GroupBy']).map(parseGroup)
  if (groupBy.length > MAX_GROUPS) throw refuse('Number of Group Definitions should not be more than 2')
  const token = input['NextPageToken']
  return {
    startMs,
    endMs,
    granularity,
    metrics,
    groupBy,
    ...parseFilters(input['Filter']),
    token: typeof token === 'string' && token !== '' ? token : undefined,
  }
}
