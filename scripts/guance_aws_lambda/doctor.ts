import type { Check, RunContext } from 'guance-aws-lambda/dff'
import { type ActionProbe, type AwsAccount, probeRegions } from 'guance-aws-lambda/sets/guance_integration'

const FUNCTIONS = 'lambda:ListFunctions'
const MAPPINGS = 'lambda:ListEventSourceMappings'

const PROBES: readonly ActionProbe[] = [
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
    gives: 'function names on the metrics of event source mappings',
    isOptional: true,
    send: async (region) => {
      const { ListEventSourceMappingsCommand } = await import('@aws-sdk/client-lambda')
      const client = await region.lambda()
      return region.call(MAPPINGS, async (abortSignal) =>
        client.send(new ListEventSourceMappingsCommand({ MaxItems: 1 }), { abortSignal }),
      )
    },
  },
]

interface Examination {
  readonly context: RunContext
  readonly account: AwsAccount
  readonly regions: readonly string[]
}

/** Tries the listing actions in each region; only that of functions is needed. */
export async function examineLambda(examination: Examination): Promise<Check[]> {
  return probeRegions(examination, PROBES)
}
