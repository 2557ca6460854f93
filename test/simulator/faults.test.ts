import {
  type CloudWatchClient,
  GetMetricDataCommand,
  type GetMetricDataCommandInput,
  type MetricDataQuery,
  type MetricDataResult,
  paginateListMetrics,
} from '@aws-sdk/client-cloudwatch'
import { ListFunctionsCommand } from '@aws-sdk/client-lambda'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { CHAOS_KINDS, FAULT_KINDS } from '../../simulator/aws/fault-kind.ts'
import { createFaults, DEFAULT_CHAOS } from '../../simulator/aws/fault.ts'
import { type RunningSimulator, startSimulator } from '../../simulator/server.ts'
import { makeClients } from './aws-clients.ts'

const NOW_MS = Date.UTC(2026, 10, 23, 12, 0, 30)
const END_MS = Date.UTC(2026, 10, 23, 12, 0)
const API = 'cloudwatch:GetMetricData'

let simulator: RunningSimulator
let cloudwatch: CloudWatchClient
let input: GetMetricDataCommandInput
let truth: ReadonlyMap<string, string>

beforeAll(async () => {
  simulator = await startSimulator({ functions: 24, regions: ['us-east-1'], latencyMs: 0, nowMs: NOW_MS })
  cloudwatch = makeClients(simulator).cloudwatch
  const queries: MetricDataQuery[] = []
  for await (const page of paginateListMetrics({ client: cloudwatch }, { MetricName: 'Invocations' })) {
    for (const Metric of page.Metrics ?? []) {
      const MetricStat = { Metric, Period: 60, Stat: 'Sum' }
      queries.push({ Id: `q${queries.length}`, MetricStat })
    }
  }
  const StartTime = new Date(END_MS - 20 * 60_000)
  input = { StartTime, EndTime: new Date(END_MS), MetricDataQueries: queries, ScanBy: 'TimestampAscending' }
  truth = await readCarefully()
})
afterAll(() => simulator.close())
beforeEach(() => {
  simulator.control('faults', { clear: true })
  simulator.control('denials', { actions: [] })
  simulator.control('quotas', { on: false })
})

/** One page after the other, until there is no token. */
async function readPages(queries = input.MetricDataQueries): Promise<readonly MetricDataResult[][]> {
  const pages: MetricDataResult[][] = []
  let NextToken: string | undefined
  do {
    const reply = await cloudwatch.send(
      new GetMetricDataCommand({ ...input, MetricDataQueries: queries, ...(NextToken ? { NextToken } : {}) }),
    )
    pages.push(reply.MetricDataResults ?? [])
    NextToken = reply.NextToken
  } while (NextToken !== undefined)
  return pages
}

/** Merges pages by id and time whatever their order; asks again for what did not come complete. */
async function readCarefully(): Promise<ReadonlyMap<string, string>> {
  const values = new Map<string, Map<number, number>>()
  let open = input.MetricDataQueries ?? []
  while (open.length > 0) {
    const done = new Set<string>()
    for (const { Id = '', Timestamps = [], Values = [], StatusCode } of (await readPages(open)).flat()) {
      const known = values.get(Id) ?? new Map<number, number>()
      values.set(Id, known)
      for (const [at, time] of Timestamps.entries()) known.set(time.getTime(), Values[at] ?? Number.NaN)
      if (StatusCode === 'Complete') done.add(Id)
    }
    open = open.filter(({ Id = '' }) => !done.has(Id))
  }
  const byTime = (known: Map<number, number>): string =>
    JSON.stringify([...known].toSorted(([left], [right]) => left - right))
  return new Map([...values].map(([id, known]) => [id, byTime(known)]))
}

describe('a page fault', () => {
  it.each(['partialPage', 'emptyPage', 'repeatedPage', 'oddOrder', 'internalError', 'internalErrorAlone'])(
    '%s leaves everything to be read by a client that goes on until the end',
    async (kind) => {
      simulator.control('faults', { api: API, kind })
      const pages = await readPages()
      const isSplit = kind !== 'internalErrorAlone'
      expect(pages.length).toBe(isSplit ? 2 : 1)
      simulator.control('faults', { api: API, kind })
      expect(await readCarefully()).toEqual(truth)
    },
  )

  it('is survived by any mixture of them, with small pages too', async () => {
    const kinds = [
      'partialPage',
      'emptyPage',
      'repeatedPage',
      'oddOrder',
      'internalError',
      'internalErrorAlone',
    ]
    input = { ...input, MaxDatapoints: 37 }
    for (let seed = 1; seed <= 20; seed++) {
      simulator.control('chaos', { seed, rate: 0.4, kinds })
      expect(await readCarefully()).toEqual(truth)
    }
    const { MaxDatapoints: _, ...rest } = input
    input = rest
  })

  it('answers InternalError without values on one page and the same result complete on the next', async () => {
    simulator.control('faults', { api: API, kind: 'internalError' })
    const [first = [], second = []] = await readPages()
    expect(first[0]).toMatchObject({ Id: 'q0', StatusCode: 'InternalError', Values: [] })
    expect(second[0]).toMatchObject({ Id: 'q0', StatusCode: 'Complete' })
    expect(second[0]?.Values?.length).toBeGreaterThan(0)
    expect(first[1]?.StatusCode).toBe('Complete')
  })

  it('splits, repeats and empties the pages of lists too', async () => {
    const { lambda } = makeClients(simulator)
    const names = async () => {
      const found: string[][] = []
      let Marker: string | undefined
      do {
        const page = await lambda.send(new ListFunctionsCommand(Marker ? { Marker } : {}))
        found.push((page.Functions ?? []).map(({ FunctionName = '' }) => FunctionName))
        Marker = page.NextMarker
      } while (Marker !== undefined)
      return found
    }
    const [whole = []] = await names()
    const fail = (kind: string) => simulator.control('faults', { api: 'lambda:ListFunctions', kind })
    fail('partialPage')
    expect(await names()).toEqual([whole.slice(0, 12), whole.slice(12)])
    fail('emptyPage')
    expect(await names()).toEqual([[], whole])
    fail('repeatedPage')
    expect(await names()).toEqual([whole, whole])
  })
})

describe('a result fault', () => {
  it.each([
    ['shortValues', (good: number[]) => good.slice(1)],
    ['nanValue', (good: number[]) => [Number.NaN, ...good.slice(1)]],
    ['nullValue', (good: number[]) => [null, ...good.slice(1)]],
    ['textValue', (good: number[]) => [String(good[0]), ...good.slice(1)]],
  ])('%s reaches the client through the SDK as it is', async (kind, expected) => {
    const [[good] = []] = await readPages()
    simulator.control('faults', { api: API, kind })
    const [[bad] = []] = await readPages()
    expect(bad?.Values).toEqual(expected(good?.Values ?? []))
    expect(bad?.Timestamps).toEqual(good?.Timestamps)
  })

  it('forbids or leaves out every other result, the others stay', async () => {
    simulator.control('faults', { api: API, kind: 'forbidden' })
    const [forbidden = []] = await readPages()
    expect(forbidden[0]).toMatchObject({
      StatusCode: 'Forbidden',
      Values: [],
      Messages: [{ Code: 'Forbidden' }],
    })
    expect(forbidden[1]?.StatusCode).toBe('Complete')
    simulator.control('faults', { api: API, kind: 'missingResult' })
    const [missing = []] = await readPages()
    expect(missing.map(({ Id }) => Id).slice(0, 2)).toEqual(['q1', 'q3'])
  })

  it('forbids a denied metric for as long as it is denied', async () => {
    simulator.control('denials', { actions: [API], metrics: ['Invocations'] })
    const [page = []] = await readPages()
    expect(new Set(page.map(({ StatusCode }) => StatusCode))).toEqual(new Set(['Forbidden']))
  })
})

describe('a refused or broken reply', () => {
  it.each([
    ['throttle', { name: 'Throttling' }],
    ['error503', { name: 'ServiceUnavailable', $metadata: { httpStatusCode: 503 } }],
    ['expiredToken', { name: 'ExpiredToken' }],
    ['denied', { name: 'AccessDenied' }],
    ['htmlBody', { name: 'SyntaxError' }],
    ['cut', { code: 'ECONNRESET' }],
    ['close', { code: 'ECONNRESET' }],
  ])('%s fails the call', async (kind, error) => {
    simulator.control('faults', { api: 'cloudwatch:*', kind })
    await expect(readPages()).rejects.toMatchObject(error)
    expect(await readCarefully()).toEqual(truth)
  })

  it('looks like silence when the body is empty', async () => {
    simulator.control('faults', { api: API, kind: 'emptyBody' })
    expect(await readPages()).toEqual([[]])
  })
})

describe('chaos', () => {
  const draw = (seed: number, apis: readonly string[]): string[] => {
    const faults = createFaults()
    faults.setChaos({ ...DEFAULT_CHAOS, seed, rate: 0.3 })
    return apis.map((api) => faults.take(api, 'us-east-1') ?? '-')
  }

  it('decides by the seed and the number of the call of an API in a region, whatever comes in between', () => {
    const calls = Array.from({ length: 200 }, () => API)
    const mixed = calls.flatMap((api) => [api, 'cloudwatch:ListMetrics'])
    const alone = draw(7, calls)
    expect(draw(7, calls)).toEqual(alone)
    expect(draw(7, mixed).filter((_, at) => at % 2 === 0)).toEqual(alone)
    expect(draw(8, calls)).not.toEqual(alone)
    expect(alone.filter((kind) => kind !== '-').length).toBeGreaterThan(40)
    expect(alone.filter((kind) => kind !== '-').length).toBeLessThan(80)
  })

  it('does nothing to an API that it cannot have, and every kind to one that can', () => {
    const kinds = new Set(
      draw(
        1,
        Array.from({ length: 3_000 }, () => API),
      ),
    )
    expect(kinds).toEqual(new Set(['-', ...CHAOS_KINDS]))
    const sts = new Set(
      draw(
        1,
        Array.from({ length: 3_000 }, () => 'sts:AssumeRole'),
      ),
    )
    expect(sts.has('partialPage')).toBe(false)
    expect(sts.has('throttle')).toBe(true)
  })

  it('is refused with a rate above 1 or an unknown kind, and fails a share of calls by probability', () => {
    expect(() => simulator.control('chaos', { rate: 2 })).toThrow('rate must be from 0 to 1')
    expect(() => simulator.control('chaos', { rate: 1, kinds: ['fire'] })).toThrow(
      `one of ${FAULT_KINDS.join(', ')}`,
    )
    const faults = createFaults()
    faults.add({ api: '*', kind: 'throttle', times: Number.POSITIVE_INFINITY, probability: 0.5, seed: 3 })
    const failed = Array.from({ length: 400 }, () => faults.take(API, 'us-east-1')).filter(Boolean).length
    expect(failed).toBeGreaterThan(160)
    expect(failed).toBeLessThan(240)
  })
})

describe('quotas', () => {
  it('throttle what comes faster than AWS allows, for each API of its own', async () => {
    simulator.control('quotas', { quotas: { [API]: 2, 'lambda:*': 1 } })
    const { lambda } = makeClients(simulator)
    await readPages()
    await readPages()
    await expect(readPages()).rejects.toMatchObject({ name: 'Throttling', message: 'Rate exceeded' })
    await lambda.send(new ListFunctionsCommand({}))
    await expect(lambda.send(new ListFunctionsCommand({}))).rejects.toMatchObject({
      name: 'TooManyRequestsException',
    })
    simulator.control('quotas', { on: false })
    expect(await readCarefully()).toEqual(truth)
  })

  it('throttle more than 180,000 recent datapoints a second', async () => {
    simulator.control('quotas', { on: true })
    const queries = Array.from({ length: 500 }, (_, at) => ({
      ...input.MetricDataQueries?.[0],
      Id: `q${at}`,
    }))
    const wide = { ...input, StartTime: new Date(END_MS - 179 * 60_000), MetricDataQueries: queries }
    await cloudwatch.send(new GetMetricDataCommand(wide))
    await cloudwatch.send(new GetMetricDataCommand(wide))
    await expect(cloudwatch.send(new GetMetricDataCommand(wide))).rejects.toMatchObject({
      name: 'Throttling',
    })
  })
})
