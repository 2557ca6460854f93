import { hash } from 'node:crypto'
import { readText } from 'guance-aws-lambda/sets/guance_integration'
import { describeFunction } from './function-fields.ts'
import type { LambdaFunction } from './list-functions.ts'

/**
 * What is compared of two revisions, by AWS's names. Their order is what state holds: a new one goes to the end, and what
 * an older version has not kept is no difference.
 */
const FACTS = [
  'Runtime',
  'Handler',
  'Role',
  'MemorySize',
  'Timeout',
  'EphemeralStorage',
  'CodeSha256',
  'Architecture',
  'PackageType',
  'Layers',
  'VpcId',
  'SubnetIds',
  'SecurityGroupIds',
  'DeadLetterTarget',
  'TracingMode',
  'LogGroup',
  'LogFormat',
  'SnapStart',
  'EnvironmentNames',
  'Description',
  'KMSKeyArn',
  'FileSystems',
] as const

export type Fact = (typeof FACTS)[number]

/** Values in the order of FACTS; null for what AWS does not say. */
export type Facts = readonly (string | null)[]

/** One fact that is not what it was; null for nothing. */
export interface Difference {
  readonly fact: Fact
  readonly before: string | null
  readonly after: string | null
}

/** A hundred of a kind are kept for each function: what is longer, such as a list of layers, stands as its beginning and a digest. */
const MAX_LENGTH = 160
const SHOWN_LENGTH = 120
const DIGEST_LENGTH = 10

/** A value as it is kept and shown: two that differ stay different. */
function shorten(text: string): string {
  if (text.length <= MAX_LENGTH) return text
  return `${text.slice(0, SHOWN_LENGTH).toWellFormed()}…#${hash('sha256', text, 'base64url').slice(0, DIGEST_LENGTH)}`
}

function fileSystemsOf({ FileSystemConfigs }: LambdaFunction): string | undefined {
  const configs: readonly unknown[] = Array.isArray(FileSystemConfigs) ? FileSystemConfigs : []
  return configs.length === 0 ? undefined : JSON.stringify(configs)
}

/** What is remembered of a function to tell what changed: settings and hashes, never a value of its environment. */
export function factsOf(lambda: LambdaFunction): Facts {
  const known: Readonly<Record<string, unknown>> = {
    ...describeFunction(lambda),
    Runtime: readText(lambda.Runtime),
    Role: readText(lambda.Role),
    PackageType: readText(lambda.PackageType),
    Description: readText(lambda.Description),
    KMSKeyArn: readText(lambda.KMSKeyArn),
    FileSystems: fileSystemsOf(lambda),
  }
  return FACTS.map((fact) => {
    const value = known[fact]
    return typeof value === 'string' || typeof value === 'number' ? shorten(String(value)) : null
  })
}

/** What differs, in the order of FACTS. */
export function compareFacts(before: Facts, after: Facts): readonly Difference[] {
  return FACTS.flatMap((fact, index) => {
    const [former, latter] = [before[index], after[index]]
    if (former === undefined || latter === undefined || former === latter) return []
    return [{ fact, before: former, after: latter }]
  })
}
