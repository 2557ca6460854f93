import type { Account, Check, RunContext } from 'guance-aws-lambda/dff'
import {
  type ActionProbe,
  type AwsAccount,
  examineTrust,
  probeRegions,
} from 'guance-aws-lambda/sets/guance_integration'
import { readAccountSettings } from './account-object.ts'
import { DETAIL_READERS } from './detail-reader.ts'

const FUNCTIONS = 'lambda:ListFunctions'
const MAPPINGS = 'lambda:ListEventSourceMappings'
const TAGS = 'tag:GetResources'

/** A function that nobody has: whether one may ask about functions shows without any. */
const NOBODY = 'guance-doctor-asks-for-no-function'

const LISTINGS: readonly ActionProbe[] = [
  {
    action: FUNCTIONS,
    gives: 'objects, and no Runtime on metrics',
    send: async (region) => {
      const { ListFunctionsCommand } = await import('@aws-sdk/client-lambda')
      const client = await region.lambda()
      return region.call(FUNCTIONS, async (abortSignal) =>
        client.send(new ListFunctionsCommand({ MaxItems: 1 }), { abortSignal }),
      )
    },
  },
  {
    action: MAPPINGS,
    gives: 'event source mappings on objects, and no function names on their metrics',
    isOptional: true,
    send: async (region) => {
      const { ListEventSourceMappingsCommand } = await import('@aws-sdk/client-lambda')
      const client = await region.lambda()
      return region.call(MAPPINGS, async (abortSignal) =>
        client.send(new ListEventSourceMappingsCommand({ MaxItems: 1 }), { abortSignal }),
      )
    },
  },
  {
    action: 'lambda:GetAccountSettings',
    gives: "objects of the account's limits",
    isOptional: true,
    send: readAccountSettings,
  },
  {
    action: TAGS,
    gives: 'resource tags on objects',
    isOptional: true,
    send: async (region) => {
      const { GetResourcesCommand } = await import('@aws-sdk/client-resource-groups-tagging-api')
      const client = await region.tagging()
      const command = new GetResourcesCommand({
        ResourceTypeFilters: ['lambda:function'],
        ResourcesPerPage: 1,
      })
      return region.call(TAGS, async (abortSignal) => client.send(command, { abortSignal }))
    },
  },
]

const DETAILS: readonly ActionProbe[] = DETAIL_READERS.map(({ action, gives, read }) => ({
  action,
  gives,
  isOptional: true,
  on: 'function',
  send: async (region) => {
    const client = await region.lambda()
    return region.call(action, async (abortSignal) => read(client, NOBODY, abortSignal))
  },
}))

/** Every action that objects take; only the listing of functions is needed. */
export function lambdaProbes(hasDetails: boolean): readonly ActionProbe[] {
  return hasDetails ? [...LISTINGS, ...DETAILS] : LISTINGS
}

interface Examination {
  readonly hasDetails: boolean
  readonly context: RunContext
  readonly account: AwsAccount
  readonly regions: readonly string[]
}

/** Tries every action in each region, and whether the role asks for its external id. */
export async function examineLambda(examination: Examination, account: Account): Promise<Check[]> {
  const trust = await examineTrust(examination.context, account)
  return [...trust, ...(await probeRegions(examination, lambdaProbes(examination.hasDetails)))]
}
