import type { FunctionConfiguration } from '@aws-sdk/client-lambda'
import type { AwsRegion } from 'guance-aws-lambda/sets/guance_integration'

/** 50 a page whatever one asks for (aws.md §3.1): a million versions. */
const MAX_PAGES = 20_000

/**
 * Pages of a region's functions with all their versions (an alias may serve an old one, with a timeout of its own),
 * without their environment. Throws AwsFailure when a page fails.
 */
export async function* listFunctions(region: AwsRegion): AsyncGenerator<readonly FunctionConfiguration[]> {
  const { ListFunctionsCommand } = await import('@aws-sdk/client-lambda')
  const client = await region.lambda()
  let marker: string | undefined
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const input = { FunctionVersion: 'ALL' as const, ...(marker === undefined ? {} : { Marker: marker }) }
    // One page after the other: each one names the next, and the control plane allows 15 requests a second in all.
    const reply = await region.call('lambda:ListFunctions', async (abortSignal) =>
      client.send(new ListFunctionsCommand(input), { abortSignal }),
    )
    yield (reply.Functions ?? []).filter(({ FunctionName }) => FunctionName !== undefined)
    marker = reply.NextMarker
    if (marker === undefined || marker === '') return
  }
  throw new Error(`ListFunctions did not end after ${MAX_PAGES} pages`)
}
