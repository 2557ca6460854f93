import type { EventSourceMappingConfiguration } from '@aws-sdk/client-lambda'
import { AwsFailure, type AwsRegion, readList, readToken } from 'guance-aws-lambda/sets/guance_integration'

/** 100 a page (aws.md §3.1). */
const MAX_PAGES = 1_000

const ACTION = 'lambda:ListEventSourceMappings'

const TEXTS = ['UUID', 'FunctionArn'] as const

/** `arn:aws:lambda:us-east-1:123456789012:function:name[:alias]` → `name`. */
function functionNameOf(arn: string | undefined): string | undefined {
  return arn?.split(':')[6]
}

/** Every event source mapping of a region: UUID → function name. Throws AwsFailure. */
export async function listMappings(region: AwsRegion): Promise<Readonly<Record<string, string>>> {
  const { ListEventSourceMappingsCommand } = await import('@aws-sdk/client-lambda')
  const client = await region.lambda()
  const functions = new Map<string, string>()
  let marker: string | undefined
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const input = marker === undefined ? {} : { Marker: marker }
    // One page after the other: each one names the next.
    const reply = await region.call(ACTION, async (abortSignal) => {
      const { EventSourceMappings, NextMarker } = await client.send(
        new ListEventSourceMappingsCommand(input),
        { abortSignal },
      )
      const mappings = readList<EventSourceMappingConfiguration>(EventSourceMappings, 'mappings', TEXTS)
      return { mappings, marker: readToken(NextMarker, marker) }
    })
    for (const { UUID, FunctionArn } of reply.mappings) {
      const name = functionNameOf(FunctionArn ?? undefined)
      if (typeof UUID === 'string' && name !== undefined) functions.set(UUID, name)
    }
    marker = reply.marker
    if (marker === undefined) return Object.fromEntries(functions)
  }
  throw new AwsFailure('transient', ACTION, new Error(`no last page among ${MAX_PAGES}`))
}
