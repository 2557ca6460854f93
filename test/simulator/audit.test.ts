import { GetMetricDataCommand, type MetricDataQuery, paginateListMetrics } from '@aws-sdk/client-cloudwatch'
import { paginateListFunctions } from '@aws-sdk/client-lambda'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { AuditReport } from '../../simulator/control/audit.ts'
import { PROMISED } from '../../simulator/control/promise.ts'
import { type RunningSimulator, startSimulator } from '../../simulator/server.ts'
import { control, makeClients } from './aws-clients.ts'

const END_MS = Date.UTC(2026, 10, 23, 12, 0)
const START_MS = END_MS - 40 * 60_000
const REGION = 'us-east-1'

let simulator: RunningSimulator
/** What a collector would write: a line for each value, and a line for each object. */
let lines: string[]

beforeAll(async () => {
  simulator = await startSimulator({ functions: 24, latencyMs: 0 })
  await control(simulator, 'clock', { nowMs: END_MS + 1_000, frozen: true })
  lines = [...(await collectMetrics()), ...(await collectObjects())]
})
afterAll(() => simulator.close())
beforeEach(() => control(simulator, 'received/reset', {}))

async function collectMetrics(): Promise<string[]> {
  const { cloudwatch } = makeClients(simulator, REGION)
  const collected: string[] = []
  for await (const page of paginateListMetrics({ client: cloudwatch }, {})) {
    for (const metric of page.Metrics ?? []) {
      const promised = PROMISED[metric.MetricName ?? '']
      const names = metric.Dimensions?.map(({ Name }) => Name).join()
      if (!promised || promised.grain.join() !== names) continue
      const queries: MetricDataQuery[] = promised.statistics.map((Stat) => ({
        Id: Stat.toLowerCase(),
        Label: `${metric.MetricName}_${Stat}`,
        MetricStat: { Metric: metric, Period: 60, Stat },
      }))
      const tags = metric.Dimensions?.map(({ Name, Value }) => `,${Name}=${Value}`).join('')
      const input = { StartTime: new Date(START_MS), EndTime: new Date(END_MS), MetricDataQueries: queries }
      const { MetricDataResults = [] } = await cloudwatch.send(new GetMetricDataCommand(input))
      for (const { Label, Timestamps = [], Values = [] } of MetricDataResults) {
        const prefix = `aws_AWS/Lambda,RegionId=${REGION},account_id=123456789012${tags}`
        collected.push(
          ...Values.map((value, index) => `${prefix} ${Label}=${value} ${Timestamps[index]?.getTime()}`),
        )
      }
    }
  }
  return collected
}

async function collectObjects(): Promise<string[]> {
  const names: string[] = []
  for await (const page of paginateListFunctions({ client: makeClients(simulator, REGION).lambda }, {})) {
    names.push(...(page.Functions ?? []).map((each) => each.FunctionName ?? ''))
  }
  return names.map((name) => `aws_lambda,name=${name},RegionId=${REGION} message="{}"`)
}

async function write(written: readonly string[]): Promise<void> {
  const isObject = (line: string): boolean => line.startsWith('aws_lambda,')
  const bodies = {
    metric: written.filter((line) => !isObject(line)),
    custom_object: written.filter(isObject),
  }
  for (const [category, body] of Object.entries(bodies)) {
    if (body.length === 0) continue
    const url = `${simulator.url}/v1/write/${category}?precision=ms`
    const response = await fetch(url, { method: 'POST', body: body.join('\n') })
    expect(response.status).toBe(200)
  }
}

const audit = (change: object = {}): Promise<AuditReport> =>
  control(simulator, 'audit', { regions: [REGION], startMs: START_MS, endMs: END_MS, ...change })

describe('the audit', () => {
  it('finds nothing to say about a complete and right delivery, in which all 19 metrics occur', async () => {
    await write(lines)
    expect(await audit()).toEqual({ expected: lines.length, missing: 0, wrong: 0, extra: 0, samples: [] })
    const metrics = new Set(
      lines.map((line) => / ([A-Za-z]+)_/.exec(line)?.[1]).filter((name) => name !== undefined),
    )
    expect([...metrics].toSorted()).toEqual(Object.keys(PROMISED).toSorted())
  })

  it('expects everything of an empty receiver', async () => {
    const report = await audit()
    expect(report).toMatchObject({ expected: lines.length, missing: lines.length, wrong: 0, extra: 0 })
    expect(report.samples).toHaveLength(20)
  })

  it('counts a value that is missing, one that is wrong, and an object that is missing', async () => {
    const [first = '', second = '', ...rest] = lines
    await write([second.replace(/=[\d.]+ (\d+)$/, '=123456 $1'), ...rest.slice(0, -1)])
    const report = await audit()
    expect(report).toMatchObject({ missing: 2, wrong: 1, extra: 0 })
    expect(report.samples.join('\n')).toContain('got 123456')
    expect(first).not.toBe('')
  })

  it('counts values of a second grain, of an unknown function, beside the minute, and held twice, as extra', async () => {
    const line = lines.find((each) => each.includes(' Invocations_Sum=')) ?? ''
    const name = /FunctionName=([^ ]+)/.exec(line)?.[1] ?? ''
    await write([
      ...lines,
      line.replace(' ', `,Resource=${name} `),
      line.replace(name, 'nobody'),
      line.replace(/0$/, '7'),
      line.replace(' ', ',Runtime=x '),
      'aws_lambda,name=nobody message="{}"',
    ])
    expect(await audit()).toMatchObject({ missing: 0, wrong: 0, extra: 5 })
  })

  it('accepts what was not promised where it is true, and calls it wrong where it is not', async () => {
    const line = lines.find((each) => each.includes(' Invocations_Sum=')) ?? ''
    await write([...lines, line.replace('_Sum=', '_SampleCount='), line.replace(/_Sum=[\d.]+/, '_Average=1')])
    expect(await audit()).toMatchObject({ wrong: 0, extra: 0 })
    await write([line.replace(/_Sum=[\d.]+/, '_Average=0.5')])
    expect(await audit()).toMatchObject({ wrong: 1, extra: 0 })
  })

  it('looks at the asked metrics, regions and minutes only', async () => {
    await write(lines)
    const errors = lines.filter((line) => line.includes(' Errors_Sum=')).length
    const objects = lines.filter((line) => line.startsWith('aws_lambda,')).length
    expect(await audit({ metrics: ['Errors'] })).toMatchObject({
      expected: errors + objects,
      missing: 0,
      extra: 0,
    })
    expect(await audit({ regions: ['eu-west-1'] })).toMatchObject({ extra: 0 })
    expect(await audit({ endMs: START_MS })).toMatchObject({ expected: objects, missing: 0, extra: 0 })
  })

  it('expects no minute that the clock has not passed', async () => {
    await write(lines)
    const report = await audit({ endMs: END_MS + 60 * 60_000 })
    expect(report).toMatchObject({ expected: lines.length, missing: 0 })
  })

  it('refuses a question it cannot read', async () => {
    await expect(control(simulator, 'audit', { startMs: 0, endMs: 1, region: REGION })).rejects.toThrow(
      'unknown member region',
    )
    await expect(control(simulator, 'audit', { startMs: 0 })).rejects.toThrow('endMs is required')
  })
})
