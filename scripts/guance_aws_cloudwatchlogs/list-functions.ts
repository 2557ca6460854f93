import type { FunctionConfiguration } from '@aws-sdk/client-lambda'
import { type EpochMs, MINUTE_MS, type RunContext, SECOND_MS } from 'guance-aws-lambda/dff'
import {
  AwsFailure,
  type AwsRegion,
  readList,
  readText,
  readToken,
} from 'guance-aws-lambda/sets/guance_integration'
import { keepList, loadList } from './chunked-state.ts'
import type { LogFunction } from './log-group.ts'
import type { SliceWriter } from './slice-writer.ts'

export const LIST_FUNCTIONS = 'lambda:ListFunctions'

/** 50 a page (aws.md §3.1): a million functions. */
const MAX_PAGES = 20_000

/** A new function's group is found within it; a listing of many pages is made the less often. */
const LIST_EVERY_MS = 15 * MINUTE_MS
const MS_PER_PAGE = 10 * SECOND_MS

interface Head {
  readonly listedAtMs: EpochMs
  readonly pages: number
}

/** Functions as they were listed last. */
export interface FunctionListing extends Head {
  readonly functions: readonly LogFunction[]
}

function stateKey({ scope }: Pick<AwsRegion, 'scope'>): string {
  return `log-functions/${scope}`
}

function toFunction(lambda: FunctionConfiguration): readonly LogFunction[] {
  const name = readText(lambda.FunctionName)
  if (name === undefined) return []
  const architecture = readText(lambda.Architectures?.[0])
  const runtime = readText(lambda.Runtime)
  return [
    {
      name,
      group: readText(lambda.LoggingConfig?.LogGroup) ?? `/aws/lambda/${name}`,
      ...(architecture === undefined ? {} : { architecture }),
      ...(runtime === undefined ? {} : { runtime }),
    },
  ]
}

async function fetchPage(region: AwsRegion, marker: string | undefined) {
  const { ListFunctionsCommand } = await import('@aws-sdk/client-lambda')
  const client = await region.lambda()
  const command = new ListFunctionsCommand(marker === undefined ? {} : { Marker: marker })
  return region.call(LIST_FUNCTIONS, async (abortSignal) => {
    const { Functions, NextMarker } = await client.send(command, { abortSignal })
    const list = readList<FunctionConfiguration>(Functions, 'functions', ['FunctionName', 'Runtime'])
    return { functions: list.flatMap(toFunction), marker: readToken(NextMarker, marker) }
  })
}

async function listAll(region: AwsRegion): Promise<Omit<FunctionListing, 'listedAtMs'>> {
  const functions = new Map<string, LogFunction>()
  let marker: string | undefined
  for (let pages = 1; pages <= MAX_PAGES; pages += 1) {
    // One page after the other: each one names the next.
    const page = await fetchPage(region, marker)
    for (const each of page.functions) functions.set(each.name, each)
    marker = page.marker
    if (marker === undefined) return { functions: [...functions.values()], pages }
  }
  throw new AwsFailure('transient', LIST_FUNCTIONS, new Error(`no last page among ${MAX_PAGES}`))
}

/** Minutes between two listings. */
export function listingEveryMs({ pages }: Pick<Head, 'pages'>): number {
  return Math.max(LIST_EVERY_MS, pages * MS_PER_PAGE)
}

/** From state alone; undefined before the first listing. */
export async function loadFunctions(
  context: RunContext,
  region: Pick<AwsRegion, 'scope'>,
): Promise<FunctionListing | undefined> {
  const kept = await loadList<Head, LogFunction>(context, stateKey(region))
  return kept === undefined ? undefined : { ...kept.head, functions: kept.items }
}

/** The functions of a region with their groups: listed again when that is due, else as they are known. Throws AwsFailure. */
export async function findFunctions(
  context: RunContext,
  region: AwsRegion,
  writer: SliceWriter,
): Promise<FunctionListing> {
  const key = stateKey(region)
  const kept = await loadList<Head, LogFunction>(context, key)
  const nowMs = context.triggerTimeMs
  const ageMs = kept === undefined ? Infinity : nowMs - kept.head.listedAtMs
  // One of the future was made under a clock that was wrong.
  if (kept !== undefined && ageMs >= 0 && ageMs < listingEveryMs(kept.head)) {
    return { ...kept.head, functions: kept.items }
  }
  const { functions, pages } = await listAll(region)
  const head: Head = { listedAtMs: nowMs, pages }
  await writer.add([], keepList(key, { head, items: functions }, kept?.chunks ?? 0))
  return { ...head, functions }
}
