import {
  GetFunctionConcurrencyCommand,
  GetFunctionRecursionConfigCommand,
  type LambdaClient,
  ListAliasesCommand,
  ListFunctionEventInvokeConfigsCommand,
  ListFunctionUrlConfigsCommand,
  ListProvisionedConcurrencyConfigsCommand,
  paginateListFunctions,
} from '@aws-sdk/client-lambda'
import {
  GetResourcesCommand,
  ResourceGroupsTaggingAPIClient,
} from '@aws-sdk/client-resource-groups-tagging-api'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RunningSimulator, startSimulator } from '../../simulator/server.ts'
import { makeClients } from './aws-clients.ts'

let simulator: RunningSimulator
let lambda: LambdaClient
let names: string[]

beforeAll(async () => {
  simulator = await startSimulator({ functions: 240, latencyMs: 0 })
  lambda = makeClients(simulator).lambda
  names = []
  for await (const page of paginateListFunctions({ client: lambda }, {})) {
    names.push(...(page.Functions ?? []).map(({ FunctionName = '' }) => FunctionName))
  }
})
afterAll(() => simulator.close())

/** Answers about the first twelve functions, which have one trait each. */
async function askAll<T>(ask: (FunctionName: string) => Promise<T>): Promise<T[]> {
  return Promise.all(names.slice(0, 12).map(ask))
}

describe('calls about one function', () => {
  it('tell reserved and provisioned concurrency of those that have it', async () => {
    const reserved = await askAll((FunctionName) =>
      lambda.send(new GetFunctionConcurrencyCommand({ FunctionName })),
    )
    expect(reserved.map((each) => each.ReservedConcurrentExecutions).filter(Boolean)).toEqual([2])
    const provisioned = await askAll((FunctionName) =>
      lambda.send(new ListProvisionedConcurrencyConfigsCommand({ FunctionName })),
    )
    const configs = provisioned.flatMap((each) => each.ProvisionedConcurrencyConfigs ?? [])
    expect(configs).toMatchObject([{ RequestedProvisionedConcurrentExecutions: 8, Status: 'READY' }])
    expect(configs[0]?.FunctionArn).toMatch(/:live$/)
  })

  it('tell aliases with weights, URLs, settings of asynchronous invocation and of loops', async () => {
    const aliases = await askAll((FunctionName) => lambda.send(new ListAliasesCommand({ FunctionName })))
    expect(aliases.flatMap((each) => each.Aliases ?? [])).toMatchObject([
      { Name: 'live', FunctionVersion: '1', RoutingConfig: { AdditionalVersionWeights: { '2': 0.1 } } },
    ])
    const urls = await askAll((FunctionName) =>
      lambda.send(new ListFunctionUrlConfigsCommand({ FunctionName })),
    )
    expect(urls.flatMap((each) => each.FunctionUrlConfigs ?? [])).toMatchObject([{ AuthType: 'AWS_IAM' }])
    const invoke = await askAll((FunctionName) =>
      lambda.send(new ListFunctionEventInvokeConfigsCommand({ FunctionName })),
    )
    expect(invoke.flatMap((each) => each.FunctionEventInvokeConfigs ?? [])).toMatchObject([
      { MaximumRetryAttempts: 1 },
    ])
    const loops = await askAll((FunctionName) =>
      lambda.send(new GetFunctionRecursionConfigCommand({ FunctionName })),
    )
    expect(loops.filter(({ RecursiveLoop }) => RecursiveLoop === 'Allow')).toHaveLength(1)
  })

  it('know no function that is not there', async () => {
    const asked = lambda.send(new ListAliasesCommand({ FunctionName: 'nobody' }))
    await expect(asked).rejects.toMatchObject({ name: 'ResourceNotFoundException' })
  })
})

describe('tags of resources', () => {
  it('come 100 a page, of all functions that have some', async () => {
    const [user] = simulator.info.accounts
    const client = new ResourceGroupsTaggingAPIClient({
      region: 'us-east-1',
      endpoint: simulator.url,
      credentials: { accessKeyId: user?.accessKeyId ?? '', secretAccessKey: user?.secretAccessKey ?? '' },
    })
    const ask = async (token: string) =>
      client.send(
        new GetResourcesCommand({
          ResourceTypeFilters: ['lambda:function'],
          ResourcesPerPage: 50,
          PaginationToken: token,
        }),
      )
    const first = await ask('')
    const second = await ask(first.PaginationToken ?? '')
    expect(first.ResourceTagMappingList).toHaveLength(50)
    expect(second.PaginationToken).toBe('')
    const found = [...(first.ResourceTagMappingList ?? []), ...(second.ResourceTagMappingList ?? [])]
    const tagged = new Set(found.map(({ ResourceARN }) => ResourceARN?.split(':').at(-1)))
    expect(tagged.size).toBe(found.length)
    expect(tagged.size).toBeLessThan(names.length)
    expect(names).toEqual(expect.arrayContaining([...tagged]))
    expect(found[0]?.Tags).toContainEqual({ Key: 'stage', Value: expect.any(String) as string })
    const refused = client.send(new GetResourcesCommand({ PaginationToken: 'none=' }))
    await expect(refused).rejects.toMatchObject({ $metadata: { httpStatusCode: 400 } })
  })
})
