import type { FunctionConfiguration } from '@aws-sdk/client-lambda'
import { AwsFailure, type AwsRegion, readList, readToken } from 'guance-aws-lambda/sets/guance_integration'

/** 50 a page whatever one asks for (aws.md §3.1): a million versions. */
const MAX_PAGES = 20_000

const ACTION = 'lambda:ListFunctions'

/** What becomes a tag or a field. */
const TEXTS = [
  'FunctionName',
  'LastModified',
  'PackageType',
  'RevisionId',
  'Role',
  'Runtime',
  'Version',
] as const

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
    // Parsed inside the call, so that a garbled reply is asked for again like any transient failure.
    const reply = await region.call(ACTION, async (abortSignal) => {
      const { Functions, NextMarker } = await client.send(new ListFunctionsCommand(input), { abortSignal })
      const functions = readList<FunctionConfiguration>(Functions, 'functions', TEXTS)
      return { functions, marker: readToken(NextMarker, marker) }
    })
    yield reply.functions.filter(({ FunctionName }) => typeof FunctionName === 'string')
    marker = reply.marker
    if (marker === undefined) return
  }
  throw new AwsFailure('transient', ACTION, new Error(`no last page among ${MAX_PAGES}`))
}
