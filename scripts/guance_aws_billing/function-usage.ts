import type { FunctionConfiguration } from '@aws-sdk/client-lambda'
import type { MetricDataQuery, MetricDataResult } from '@aws-sdk/client-cloudwatch'
import { DAY_MS } from 'guance-aws-lambda/dff'
import {
  AwsFailure,
  type AwsRegion,
  readList,
  readNumber,
  readText,
  readToken,
} from 'guance-aws-lambda/sets/guance_integration'
import type { FunctionUsage } from './allocate.ts'
import { type Day, dayOf, type Days, dayStartMs } from './day.ts'

const LIST = 'lambda:ListFunctions'
const GET_METRICS = 'cloudwatch:GetMetricData'

/** 500 queries a request (aws.md §1.2), two of each function. */
const FUNCTIONS_PER_REQUEST = 250
/** Sums that are asked for, each a billed metric. */
export const USAGE_METRICS = ['Invocations', 'Duration'] as const
const DAY_SEC = DAY_MS / 1_000

/** A function as far as its bill goes. */
export interface BilledFunction {
  readonly arn: string
  readonly name: string
  readonly memoryMb: number
  readonly architecture: FunctionUsage['architecture']
}

function toBilled(listed: FunctionConfiguration): BilledFunction[] {
  const arn = readText(listed.FunctionArn)
  const name = readText(listed.FunctionName)
  if (arn === undefined || name === undefined) return []
  const isArm = Array.isArray(listed.Architectures) && listed.Architectures[0] === 'arm64'
  return [
    { arn, name, memoryMb: readNumber(listed.MemorySize) ?? 128, architecture: isArm ? 'arm64' : 'x86_64' },
  ]
}

/** All functions of a region; free of charge. Throws AwsFailure. */
export async function listBilledFunctions(region: AwsRegion): Promise<readonly BilledFunction[]> {
  const { ListFunctionsCommand } = await import('@aws-sdk/client-lambda')
  const client = await region.lambda()
  const functions: BilledFunction[] = []
  let marker: string | undefined
  do {
    const given = marker
    const command = new ListFunctionsCommand(given === undefined ? {} : { Marker: given })
    // One page after the other: each one names the next.
    const page = await region.call(LIST, async (abortSignal) => {
      const { Functions, NextMarker } = await client.send(command, { abortSignal })
      return {
        list: readList<FunctionConfiguration>(Functions, 'functions', ['FunctionName', 'FunctionArn']),
        next: readToken(NextMarker, given),
      }
    })
    functions.push(...page.list.flatMap(toBilled))
    marker = page.next
  } while (marker !== undefined)
  return functions
}

function queriesOf(functions: readonly BilledFunction[]): MetricDataQuery[] {
  return functions.flatMap(({ name }, index) =>
    USAGE_METRICS.map((metric) => ({
      Id: `${metric.toLowerCase()}${index}`,
      MetricStat: {
        Metric: {
          Namespace: 'AWS/Lambda',
          MetricName: metric,
          Dimensions: [{ Name: 'FunctionName', Value: name }],
        },
        Period: DAY_SEC,
        Stat: 'Sum',
      },
    })),
  )
}

/** Sums by query and day; throws AwsFailure when AWS did not answer for all. */
async function fetchSums(
  region: AwsRegion,
  functions: readonly BilledFunction[],
  { from, to }: Days,
): Promise<ReadonlyMap<string, number>> {
  const { GetMetricDataCommand } = await import('@aws-sdk/client-cloudwatch')
  const client = await region.cloudwatch()
  const sums = new Map<string, number>()
  const statuses = new Map<string, string>()
  let token: string | undefined
  do {
    const given = token
    const command = new GetMetricDataCommand({
      MetricDataQueries: queriesOf(functions),
      StartTime: new Date(dayStartMs(from)),
      EndTime: new Date(dayStartMs(to)),
      ScanBy: 'TimestampAscending',
      ...(given === undefined ? {} : { NextToken: given }),
    })
    // One page after the other: each one names the next.
    token = await region.call(GET_METRICS, async (abortSignal) => {
      const reply = await client.send(command, { abortSignal })
      const results = readList<MetricDataResult>(reply.MetricDataResults, 'results', ['Id', 'StatusCode'])
      for (const { Id = '', StatusCode = '', Timestamps = [], Values = [] } of results) {
        statuses.set(Id, StatusCode)
        for (const [index, timestamp] of Timestamps.entries()) {
          sums.set(`${Id} ${dayOf(new Date(timestamp).getTime())}`, readNumber(Values[index]) ?? 0)
        }
      }
      return readToken(reply.NextToken, given)
    })
  } while (token !== undefined)
  const open = queriesOf(functions).filter(({ Id = '' }) => statuses.get(Id) !== 'Complete').length
  if (open > 0) throw new AwsFailure('transient', GET_METRICS, new Error(`${open} sums are not complete`))
  return sums
}

/** What these functions did on a day; those that did nothing are left out. */
function usagesOf(
  functions: readonly BilledFunction[],
  sums: ReadonlyMap<string, number>,
  { day, region }: { readonly day: Day; readonly region: string },
): FunctionUsage[] {
  return functions.flatMap(({ arn, architecture, memoryMb }, index) => {
    const invocations = sums.get(`invocations${index} ${day}`) ?? 0
    const megabyteMs = (sums.get(`duration${index} ${day}`) ?? 0) * memoryMb
    return invocations > 0 || megabyteMs > 0 ? [{ arn, region, architecture, invocations, megabyteMs }] : []
  })
}

/** What the functions of a region did on each of some days, asked for at once: how many days makes no price. Throws AwsFailure. */
export async function fetchUsage(region: AwsRegion, days: Days): Promise<ReadonlyMap<Day, FunctionUsage[]>> {
  const functions = await listBilledFunctions(region)
  const usages = new Map<Day, FunctionUsage[]>()
  for (let start = 0; start < functions.length; start += FUNCTIONS_PER_REQUEST) {
    const part = functions.slice(start, start + FUNCTIONS_PER_REQUEST)
    // One request after the other: a day's sums can wait, and live metrics share the quota.
    const sums = await fetchSums(region, part, days)
    for (let dayMs = dayStartMs(days.from); dayMs < dayStartMs(days.to); dayMs += DAY_MS) {
      const day = dayOf(dayMs)
      const ofDay = usagesOf(part, sums, { day, region: region.region })
      usages.set(day, [...(usages.get(day) ?? []), ...ofDay])
    }
  }
  return usages
}
