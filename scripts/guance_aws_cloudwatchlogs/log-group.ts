import type { NameTest } from 'guance-aws-lambda/sets/guance_integration'

/** A function as far as its logs are concerned. */
export interface LogFunction {
  readonly name: string
  readonly group: string
  readonly architecture?: string
  readonly runtime?: string
}

/** A group that is collected. */
export interface LogGroup {
  /** As CloudWatch Logs is asked for it: its name, or the ARN of one that another account shares. */
  readonly id: string
  readonly name: string
  /** Whose group it is. */
  readonly accountId: string
  /** Named in the configuration: read at every poll, and missed when it is not there. */
  readonly isNamed: boolean
  readonly isWanted: NameTest
  /** Those that write into it, as far as they are known. */
  readonly functions: readonly LogFunction[]
}

const LAMBDA_PREFIX = '/aws/lambda/'

/** Lambda names streams in groups of several functions `2026/11/23/orders-api[$LATEST]1b4e…`. */
const STREAM_OF_FUNCTION = /^\d{4}\/\d\d\/\d\d\/([\w-]{1,140})\[/

/** `arn:aws:logs:us-east-1:123456789012:log-group:NAME`, with or without `:*`. */
const GROUP_ARN = /^arn:[\w-]+:logs:([\w-]+):(\d{12}):log-group:([^:]+)(?::\*)?$/

/** The name and the owner of a group as the configuration names it. */
export function parseGroup(text: string, accountId: string): Pick<LogGroup, 'id' | 'name' | 'accountId'> {
  const [, , owner, name] = GROUP_ARN.exec(text) ?? []
  if (owner === undefined || name === undefined) return { id: text, name: text, accountId }
  // One of the account itself is the group that auto finds by its name, and must not be read twice.
  return { id: owner === accountId ? name : text.replace(/:\*$/, ''), name, accountId: owner }
}

/** The region of a group that is named by its ARN; undefined where the text is none. */
export function regionOfArn(text: string): string | undefined {
  return GROUP_ARN.exec(text)?.[1]
}

/** The function that wrote a stream; undefined for a group of something else. */
export function functionOf(
  { name, functions }: Pick<LogGroup, 'name' | 'functions'>,
  stream: string,
): string | undefined {
  const named = STREAM_OF_FUNCTION.exec(stream)?.[1]
  if (named !== undefined) return named
  const [only, second] = functions
  if (only !== undefined && second === undefined) return only.name
  return name.startsWith(LAMBDA_PREFIX) ? name.slice(LAMBDA_PREFIX.length) : undefined
}
