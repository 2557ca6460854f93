import {
  type FunctionConfiguration,
  GetAccountSettingsCommand,
  type LambdaClient,
  ListEventSourceMappingsCommand,
  ListFunctionsCommand,
  paginateListFunctions,
} from '@aws-sdk/client-lambda'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RunningSimulator, startSimulator } from '../../simulator/server.ts'
import { control, makeClients } from './aws-clients.ts'

let simulator: RunningSimulator
let lambda: LambdaClient

beforeAll(async () => {
  simulator = await startSimulator({ functions: 240, latencyMs: 0 })
  lambda = makeClients(simulator).lambda
})
afterAll(() => simulator.close())

async function listAll(input: { FunctionVersion?: 'ALL'; MaxItems?: number }) {
  const pages: FunctionConfiguration[][] = []
  for await (const page of paginateListFunctions({ client: lambda }, input)) pages.push(page.Functions ?? [])
  return pages
}

describe('Lambda', () => {
  it('lists functions 50 a page, however many are asked for', async () => {
    const pages = await listAll({ MaxItems: 1_000 })
    expect(pages.map((page) => page.length)).toEqual([50, 50, 20])
    expect(new Set(pages.flat().map((each) => each.FunctionArn)).size).toBe(120)
  })

  it('lists smaller pages when asked, and refuses a marker it did not make', async () => {
    expect((await lambda.send(new ListFunctionsCommand({ MaxItems: 3 }))).Functions).toHaveLength(3)
    const refusal = lambda.send(new ListFunctionsCommand({ Marker: 'none=' }))
    await expect(refusal).rejects.toMatchObject({ $metadata: { httpStatusCode: 400 } })
  })

  it('adds published versions only when asked for all', async () => {
    const latest = (await listAll({})).flat()
    const all = (await listAll({ FunctionVersion: 'ALL' })).flat()
    expect(new Set(latest.map((each) => each.Version))).toEqual(new Set(['$LATEST']))
    expect(new Set(all.map((each) => each.Version))).toEqual(new Set(['$LATEST', '1', '2']))
  })

  it('returns environments in clear, marked so that a leak can be found', async () => {
    const { environmentSecretPrefix } = await control<{ environmentSecretPrefix: string }>(simulator, 'truth')
    const [first] = (await listAll({})).flat()
    expect(first?.Environment?.Variables?.DB_PASSWORD).toMatch(new RegExp(`^${environmentSecretPrefix}\\d+$`))
  })

  it('describes functions with text that breaks careless encoders', async () => {
    const text = (await listAll({}))
      .flat()
      .map((each) => each.Description)
      .join('\u0000')
    for (const hard of [',', '"', '\\', '\n', '\t', '处理', '=', '{']) expect(text).toContain(hard)
  })

  it('connects some functions to a dead-letter queue, a layer and a VPC', async () => {
    const all = (await listAll({})).flat()
    const connected = all.filter((each) => each.DeadLetterConfig ?? each.Layers ?? each.VpcConfig)
    expect(connected.length).toBeGreaterThanOrEqual(3)
    expect(connected.length).toBeLessThan(all.length)
  })

  it('gives images no runtime', async () => {
    const image = (await listAll({})).flat().find((each) => each.PackageType === 'Image')
    expect(image).toBeDefined()
    expect(image).not.toHaveProperty('Runtime')
    expect(image?.LastModified).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000$/)
  })

  it('lists event source mappings of the region or of one function', async () => {
    const { EventSourceMappings = [] } = await lambda.send(new ListEventSourceMappingsCommand({}))
    expect(EventSourceMappings.length).toBeGreaterThanOrEqual(3)
    const [one] = EventSourceMappings
    const FunctionName = one?.FunctionArn
    const own = await lambda.send(new ListEventSourceMappingsCommand({ FunctionName }))
    expect(own.EventSourceMappings?.map((each) => each.UUID)).toEqual([one?.UUID])
  })

  it('counts the functions of the region', async () => {
    const settings = await lambda.send(new GetAccountSettingsCommand({}))
    expect(settings.AccountUsage?.FunctionCount).toBe(120)
    expect(settings.AccountLimit?.ConcurrentExecutions).toBe(1_000)
  })

  it('throttles with 429 as Lambda does', async () => {
    await control(simulator, 'faults', { api: 'lambda:ListFunctions', kind: 'throttle' })
    await expect(lambda.send(new ListFunctionsCommand({}))).rejects.toMatchObject({
      name: 'TooManyRequestsException',
      $metadata: { httpStatusCode: 429 },
    })
  })
})
