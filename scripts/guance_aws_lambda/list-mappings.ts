import type { EventSourceMappingConfiguration } from '@aws-sdk/client-lambda'
import {
  AwsFailure,
  type AwsRegion,
  readList,
  readNumber,
  readText,
  readToken,
} from 'guance-aws-lambda/sets/guance_integration'

/** 100 a page (aws.md §3.1). */
const MAX_PAGES = 1_000

const ACTION = 'lambda:ListEventSourceMappings'

const TEXTS = ['UUID', 'FunctionArn'] as const

/** `arn:aws:lambda:us-east-1:123456789012:function:name[:alias]` → `name`. */
function functionNameOf(arn: string | undefined): string | undefined {
  return arn?.split(':')[6]
}

/** What the object of a function shows of a mapping, in AWS's words. */
export interface MappingSummary {
  readonly UUID: string
  readonly EventSourceArn?: string
  readonly State?: string
  readonly BatchSize?: number
  readonly LastProcessingResult?: string
}

/** Every event source mapping of a region. */
export interface Mappings {
  /** Function name by UUID. */
  readonly aliases: Readonly<Record<string, string>>
  readonly byFunction: ReadonlyMap<string, readonly MappingSummary[]>
}

function summarise(UUID: string, mapping: EventSourceMappingConfiguration): MappingSummary {
  const EventSourceArn = readText(mapping.EventSourceArn)
  const State = readText(mapping.State)
  const BatchSize = readNumber(mapping.BatchSize)
  const LastProcessingResult = readText(mapping.LastProcessingResult)
  return {
    UUID,
    ...(EventSourceArn === undefined ? {} : { EventSourceArn }),
    ...(State === undefined ? {} : { State }),
    ...(BatchSize === undefined ? {} : { BatchSize }),
    ...(LastProcessingResult === undefined ? {} : { LastProcessingResult }),
  }
}

/** Every event source mapping of a region. Throws AwsFailure. */
export async function listMappings(region: AwsRegion): Promise<Mappings> {
  const { ListEventSourceMappingsCommand } = await import('@aws-sdk/client-lambda')
  const client = await region.lambda()
  const functions = new Map<string, string>()
  const byFunction = new Map<string, MappingSummary[]>()
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
    for (const mapping of reply.mappings) {
      const { UUID, FunctionArn } = mapping
      const name = functionNameOf(FunctionArn ?? undefined)
      if (typeof UUID !== 'string' || name === undefined) continue
      functions.set(UUID, name)
      byFunction.set(name, [...(byFunction.get(name) ?? []), summarise(UUID, mapping)])
    }
    marker = reply.marker
    if (marker === undefined) return { aliases: Object.fromEntries(functions), byFunction }
  }
  throw new AwsFailure('transient', ACTION, new Error(`no last page among ${MAX_PAGES}`))
}
