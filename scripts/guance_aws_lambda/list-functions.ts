import type { FunctionConfiguration } from '@aws-sdk/client-lambda'
import {
  AwsFailure,
  type AwsRegion,
  type EnvironmentNames,
  readList,
  readToken,
} from 'guance-aws-lambda/sets/guance_integration'

/** A function as it is listed, with the names of its environment variables instead of their values. */
export type LambdaFunction = FunctionConfiguration & EnvironmentNames

/** 50 a page whatever one asks for (aws.md §3.1): a million functions. */
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

interface FunctionPage {
  readonly functions: readonly LambdaFunction[]
  /** Of the next page; undefined after the last. */
  readonly marker: string | undefined
}

/** What a page is of: functions as they are edited, or all their published versions with them. */
export type FunctionScope = 'functions' | 'versions'

/** One page, without environment. Throws AwsFailure. */
export async function fetchFunctionPage(
  region: AwsRegion,
  scope: FunctionScope,
  marker: string | undefined,
): Promise<FunctionPage> {
  const { ListFunctionsCommand } = await import('@aws-sdk/client-lambda')
  const client = await region.lambda()
  const input = {
    ...(scope === 'versions' ? { FunctionVersion: 'ALL' as const } : {}),
    ...(marker === undefined ? {} : { Marker: marker }),
  }
  // Parsed inside the call, so that a garbled reply is asked for again like any transient failure.
  const page = await region.call(ACTION, async (abortSignal) => {
    const { Functions, NextMarker } = await client.send(new ListFunctionsCommand(input), { abortSignal })
    const functions = readList<LambdaFunction>(Functions, 'functions', TEXTS)
    return { functions, marker: readToken(NextMarker, marker) }
  })
  return {
    functions: page.functions.filter(({ FunctionName }) => typeof FunctionName === 'string'),
    marker: page.marker,
  }
}

/** Pages of a region's functions as they are edited. Throws AwsFailure when a page fails. */
export async function* listFunctions(region: AwsRegion): AsyncGenerator<readonly LambdaFunction[]> {
  let marker: string | undefined
  for (let page = 0; page < MAX_PAGES; page += 1) {
    // One page after the other: each one names the next, and the control plane allows 15 requests a second in all.
    const { functions, marker: next } = await fetchFunctionPage(region, 'functions', marker)
    yield functions
    marker = next
    if (marker === undefined) return
  }
  throw new AwsFailure('transient', ACTION, new Error(`no last page among ${MAX_PAGES}`))
}
