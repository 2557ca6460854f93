import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

const MINUTE_MS = 60_000

/** One invocation: counted in the minute of its start, shown when it has ended and `delayMs` more. */
export interface LateInvocation {
  readonly startMs: number
  readonly durationMs: number
  readonly delayMs: number
}

export interface LateFunction {
  readonly name: string
  readonly invocations: readonly LateInvocation[]
  /** Metrics that AWS does not list before a time. */
  readonly listedFromMs?: Readonly<Record<string, number>>
}

/** What becomes of a query: a status other than Complete leaves its values out. */
export type QueryFault = (query: { readonly name: string; readonly metric: string }) => string | undefined

/** A CloudWatch whose values grow as invocations end, in virtual time. */
export interface LateAws {
  nowMs: number
  fault: QueryFault | undefined
  /** Queries so far: windows in ms. */
  readonly asked: {
    readonly name: string
    readonly metric: string
    readonly startMs: number
    readonly endMs: number
    readonly periodSec: number
  }[]
  readonly functions: LateFunction[]
  /** Series of another metric that are listed besides. */
  otherSeries: number
  /** Operations in the order of their calls. */
  readonly calls: string[]
  /** Fields of a function's line at a minute as shown at `atMs`; undefined when nothing is. */
  lineAt(name: string, minuteMs: number, atMs: number): Readonly<Record<string, number>> | undefined
  close(): Promise<void>
}

const STATISTICS: Readonly<Record<string, readonly string[]>> = {
  Invocations: ['Sum'],
  Throttles: ['Sum'],
  Duration: ['Average', 'Maximum', 'SampleCount', 'p90', 'p99'],
}

function statisticOf(metric: string, statistic: string, durations: readonly number[]): number {
  if (metric === 'Throttles') return 0
  if (statistic === 'Sum' || statistic === 'SampleCount') return durations.length
  if (statistic === 'Average') return durations.reduce((sum, one) => sum + one, 0) / durations.length
  return Math.max(...durations)
}

interface WireQuery {
  readonly Id: string
  readonly MetricStat: {
    readonly Metric: {
      readonly MetricName: string
      readonly Dimensions: readonly { readonly Value: string }[]
    }
    readonly Period: number
    readonly Stat: string
  }
}

interface WireInput {
  readonly NextToken?: string
  readonly MetricDataQueries?: readonly WireQuery[]
  readonly StartTime?: number
  readonly EndTime?: number
}

class Server {
  nowMs = 0
  fault: QueryFault | undefined
  readonly asked: LateAws['asked'] = []
  readonly functions: LateFunction[]
  otherSeries = 0
  readonly calls: string[] = []
  /** Invocations by function and minute. */
  readonly #byMinute = new Map<string, Map<number, LateInvocation[]>>()

  constructor(functions: LateFunction[]) {
    this.functions = functions
  }

  #minutesOf(name: string): Map<number, LateInvocation[]> {
    const known = this.#byMinute.get(name)
    if (known !== undefined) return known
    const minutes = new Map<number, LateInvocation[]>()
    for (const one of this.functions.find((each) => each.name === name)?.invocations ?? []) {
      const minute = Math.floor(one.startMs / MINUTE_MS) * MINUTE_MS
      minutes.set(minute, [...(minutes.get(minute) ?? []), one])
    }
    this.#byMinute.set(name, minutes)
    return minutes
  }

  #durations(name: string, [fromMs, toMs]: readonly [number, number], atMs: number): readonly number[] {
    const found: number[] = []
    for (let minute = fromMs; minute < toMs; minute += MINUTE_MS) {
      for (const { startMs, durationMs, delayMs } of this.#minutesOf(name).get(minute) ?? []) {
        if (startMs + durationMs + delayMs <= atMs) found.push(durationMs)
      }
    }
    return found
  }

  lineAt(name: string, minuteMs: number, atMs: number): Readonly<Record<string, number>> | undefined {
    const durations = this.#durations(name, [minuteMs, minuteMs + MINUTE_MS], atMs)
    if (durations.length === 0) return undefined
    return Object.fromEntries(
      Object.entries(STATISTICS).flatMap(([metric, statistics]) =>
        statistics.map((statistic) => [`${metric}_${statistic}`, statisticOf(metric, statistic, durations)]),
      ),
    )
  }

  /** Pages of 500 series, as AWS's. */
  listMetrics({ NextToken = '0' }: WireInput): object {
    const isListed = ({ listedFromMs }: LateFunction, metric: string): boolean =>
      (listedFromMs?.[metric] ?? 0) <= this.nowMs
    const own = this.functions.flatMap((one) =>
      Object.keys(STATISTICS)
        .filter((metric) => isListed(one, metric))
        .map((metric) => [metric, one.name] as const),
    )
    const others = Array.from({ length: this.otherSeries }, (_, index) => ['Errors', `x${index}`] as const)
    const all = [...others, ...own]
    const from = Number(NextToken)
    return {
      Metrics: all.slice(from, from + 500).map(([MetricName, Value]) => ({
        Namespace: 'AWS/Lambda',
        MetricName,
        Dimensions: [{ Name: 'FunctionName', Value }],
      })),
      ...(from + 500 < all.length ? { NextToken: String(from + 500) } : {}),
    }
  }

  #answer({ Id, MetricStat }: WireQuery, startMs: number, endMs: number): object {
    const { Metric, Period, Stat } = MetricStat
    const query = { name: Metric.Dimensions[0]?.Value ?? '', metric: Metric.MetricName }
    this.asked.push({ ...query, startMs, endMs, periodSec: Period })
    const status = this.fault?.(query)
    if (status !== undefined) return { Id, Timestamps: [], Values: [], StatusCode: status }
    const pairs: [number, number][] = []
    for (let fromMs = startMs; fromMs < endMs; fromMs += Period * 1000) {
      const durations = this.#durations(query.name, [fromMs, fromMs + Period * 1000], this.nowMs)
      if (durations.length > 0) pairs.push([fromMs / 1000, statisticOf(query.metric, Stat, durations)])
    }
    return {
      Id,
      Timestamps: pairs.map(([time]) => time),
      Values: pairs.map(([, value]) => value),
      StatusCode: 'Complete',
    }
  }

  getMetricData({ MetricDataQueries = [], StartTime = 0, EndTime = 0 }: WireInput): object {
    return {
      MetricDataResults: MetricDataQueries.map((query) =>
        this.#answer(query, StartTime * 1000, EndTime * 1000),
      ),
    }
  }
}

async function readBody(message: IncomingMessage): Promise<WireInput> {
  const chunks: Buffer[] = []
  for await (const chunk of message) chunks.push(chunk as Buffer)
  return JSON.parse(Buffer.concat(chunks).toString()) as WireInput
}

/** Starts it on loopback; SDK clients reach it by AWS_ENDPOINT_URL. */
export async function startLateAws(functions: LateFunction[]): Promise<LateAws> {
  const late = new Server(functions)
  const answer = async (message: IncomingMessage, response: ServerResponse): Promise<void> => {
    const input = await readBody(message)
    const isListing = String(message.headers['x-amz-target']).endsWith('ListMetrics')
    late.calls.push(isListing ? 'ListMetrics' : 'GetMetricData')
    const body = isListing ? late.listMetrics(input) : late.getMetricData(input)
    const headers = {
      'content-type': 'application/x-amz-json-1.0',
      date: new Date(late.nowMs).toUTCString(),
    }
    response.writeHead(200, headers).end(JSON.stringify(body))
  }
  const server = createServer((message, response) => void answer(message, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  process.env['AWS_ENDPOINT_URL'] = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return Object.assign(late, {
    close: async (): Promise<void> => {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  })
}
