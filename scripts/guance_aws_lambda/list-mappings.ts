import type { AwsRegion } from 'guance-aws-lambda/sets/guance_integration'

/** 100 a page (aws.md §3.1). */
const MAX_PAGES = 1_000

/** `arn:aws:lambda:us-east-1:123456789012:function:name[:alias]` → `name`. */
function functionNameOf(arn: string | undefined): string | undefined {
  return arn?.split(':')[6]
}

/** Every event source mapping of a region: UUID → function name. Throws AwsFailure. */
export async function listMappings(region: AwsRegion): Promise<Readonly<Record<string, string>>> {
  const { ListEventSourceMappingsCommand } = await import('@aws-sdk/client-lambda')
  const client = await region.lambda()
  const functions: Record<string, string> = {}
  let marker: string | undefined
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const input = marker === undefined ? {} : { Marker: marker }
    // One page after the other: each one names the next.
    const reply = await region.call('lambda:ListEventSourceMappings', async (abortSignal) =>
      client.send(new ListEventSourceMappingsCommand(input), { abortSignal }),
    )
    for (const { UUID, FunctionArn } of reply.EventSourceMappings ?? []) {
      const name = functionNameOf(FunctionArn)
      if (UUID !== undefined && name !== undefined) functions[UUID] = name
    }
    marker = reply.NextMarker
    if (marker === undefined || marker === '') return functions
  }
  throw new Error(`ListEventSourceMappings did not end after ${MAX_PAGES} pages`)
}
