import { DAY_MS, SECOND_MS } from '../../core/time.ts'
import { createHash } from 'node:crypto'
import { changesUntil, codesUntil, existsAt, memoryMbAt, timeoutSecAt } from '../truth/change.ts'
import { ENVIRONMENT_SECRET_PREFIX, type Lambda, makeUuid, PROVISIONED_INSTANCES } from '../truth/lambda.ts'
import { mixSeed } from '../truth/random.ts'
import { type Call, type Operation, takePage } from './call.ts'
import { AwsError } from './error.ts'
import { partitionOf } from './identity.ts'

/** However many are asked for: ListFunctions returns up to 50, ListEventSourceMappings up to 100 a page. */
const FUNCTIONS_PER_PAGE = 50
const MAPPINGS_PER_PAGE = 100

/** The default quota of an account. */
const ACCOUNT_CONCURRENCY = 1_000

/** Every lambda was deployed within the year after this, so that the times do not move with the clock. */
const FIRST_DEPLOY_MS = Date.UTC(2025, 0, 1)

/** Those that exist now. */
export function lambdasOf(call: Call): readonly Lambda[] {
  const { truth, clock } = call.simulation
  const nowMs = clock.nowMs()
  return truth.fleet
    .lambdas(call.caller.identity.accountId, call.caller.region)
    .filter((lambda) => lambda.isListed && existsAt(lambda, nowMs))
}

/** The ARN of something that belongs where a lambda is. */
export function arnOf(
  lambda: Pick<Lambda, 'region' | 'accountId'>,
  service: string,
  resource: string,
): string {
  return `arn:${partitionOf(lambda.region)}:${service}:${lambda.region}:${lambda.accountId}:${resource}`
}

function deployedMs(lambda: Lambda): number {
  return FIRST_DEPLOY_MS + (lambda.seed % 365) * DAY_MS + (lambda.seed % 86_400) * SECOND_MS
}

interface Revision {
  readonly timeoutSec: number
  readonly memoryMb: number
  readonly codeSha256: string
  readonly modifiedMs: number
  readonly revisionId: string
}

function codeSha256Of({ seed }: Lambda, nth: number): string {
  return createHash('sha256')
    .update(nth === 0 ? `${seed}` : `${seed}/${nth}`)
    .digest('base64')
}

/** A published version stays as it was; `$LATEST` is what the changes until now made of it. */
function revisionOf(lambda: Lambda, version: string, nowMs: number): Revision {
  const published = lambda.versions.find((each) => each.version === version)
  const changes = published ? [] : changesUntil(lambda, nowMs)
  return {
    timeoutSec: published?.timeoutSec ?? timeoutSecAt(lambda, nowMs),
    memoryMb: published ? lambda.memoryMb : memoryMbAt(lambda, nowMs),
    codeSha256: codeSha256Of(lambda, published ? 0 : codesUntil(lambda, nowMs)),
    modifiedMs: changes.at(-1)?.atMs ?? deployedMs(lambda),
    revisionId: makeUuid(changes.length === 0 ? lambda.seed : mixSeed(lambda.seed, changes.length)),
  }
}

/** What only some functions are connected to: a dead-letter queue, a layer, a VPC. */
function describeConnections(lambda: Lambda): object {
  const layer = arnOf(lambda, 'lambda', 'layer:extension:3')
  const vpc = { SubnetIds: ['subnet-0a', 'subnet-0b'], SecurityGroupIds: ['sg-0a'], VpcId: 'vpc-0a' }
  return {
    ...(lambda.trait === 'async'
      ? { DeadLetterConfig: { TargetArn: arnOf(lambda, 'sqs', `${lambda.name}-dead`) } }
      : {}),
    ...(lambda.trait === 'extension' ? { Layers: [{ Arn: layer, CodeSize: 1_024 }] } : {}),
    ...(lambda.trait === 'kafka' ? { VpcConfig: vpc } : {}),
  }
}

/** A FunctionConfiguration as ListFunctions returns it: without state, tags and concurrency, with the environment in clear. */
function describeVersion(
  lambda: Lambda,
  version: string,
  { nowMs, logGroup }: { readonly nowMs: number; readonly logGroup: string },
): object {
  const { timeoutSec, memoryMb, codeSha256, modifiedMs, revisionId } = revisionOf(lambda, version, nowMs)
  const arn = arnOf(lambda, 'lambda', `function:${lambda.name}`)
  const isImage = lambda.runtime === undefined
  return {
    FunctionName: lambda.name,
    FunctionArn: version === '$LATEST' ? arn : `${arn}:${version}`,
    ...(isImage ? {} : { Runtime: lambda.runtime, Handler: 'index.handler' }),
    Role: `arn:${partitionOf(lambda.region)}:iam::${lambda.accountId}:role/service-role/${lambda.name}-role`,
    CodeSize: 1_000 + (lambda.seed % 5_000_000),
    Description: lambda.description,
    Timeout: timeoutSec,
    MemorySize: memoryMb,
    LastModified: new Date(modifiedMs).toISOString().replace('Z', '+0000'),
    CodeSha256: codeSha256,
    Version: version,
    Environment: {
      Variables: {
        DB_PASSWORD: `${ENVIRONMENT_SECRET_PREFIX}${lambda.seed}`,
        STAGE: 'prod',
        LABEL: '值, "x"',
      },
    },
    TracingConfig: { Mode: 'PassThrough' },
    RevisionId: revisionId,
    PackageType: isImage ? 'Image' : 'Zip',
    Architectures: [lambda.seed % 2 === 0 ? 'arm64' : 'x86_64'],
    EphemeralStorage: { Size: 512 },
    SnapStart: { ApplyOn: 'None', OptimizationStatus: 'Off' },
    LoggingConfig: { LogFormat: 'Text', LogGroup: logGroup },
    ...describeConnections(lambda),
  }
}

/** MaxItems above the page size is allowed and has no effect, as at AWS. */
function pageSize(call: Call, most: number): number {
  const text = call.request.query.get('MaxItems')
  const asked = text === null ? most : Number(text)
  if (Number.isInteger(asked) && asked >= 1 && asked <= 10_000) return Math.min(asked, most)
  throw new AwsError(
    'validation',
    `Value '${text}' at 'maxItems' failed to satisfy constraint: Member must be between 1 and 10000`,
  )
}

/** lambda:ListFunctions. */
export const listFunctions: Operation = (call) => {
  const version = call.request.query.get('FunctionVersion')
  if (version !== null && version !== 'ALL') {
    throw new AwsError(
      'validation',
      `Value '${version}' at 'functionVersion' failed to satisfy constraint: Member must satisfy enum value set: [ALL]`,
    )
  }
  const all = lambdasOf(call).flatMap((lambda) => {
    const published = version === 'ALL' ? lambda.versions.map((each) => each.version) : []
    return ['$LATEST', ...published].map((each) => ({ lambda, version: each }))
  })
  const nowMs = call.simulation.clock.nowMs()
  const size = pageSize(call, FUNCTIONS_PER_PAGE)
  const marker = call.request.query.get('Marker') ?? undefined
  const page = takePage(all, marker, { size, question: `functions ${version ?? ''}`, fault: call.fault })
  const { logs } = call.simulation
  const functions = page.items.map(({ lambda, version: ofVersion }) =>
    describeVersion(lambda, ofVersion, { nowMs, logGroup: logs.groupOf(lambda) }),
  )
  return { Functions: functions, ...(page.next === undefined ? {} : { NextMarker: page.next }) }
}

/** lambda:GetAccountSettings. */
export const getAccountSettings: Operation = (call) => {
  const lambdas = lambdasOf(call)
  const reserved = lambdas.reduce((sum, lambda) => sum + (lambda.reservedConcurrency ?? 0), 0)
  const provisioned =
    lambdas.filter((lambda) => lambda.trait === 'provisioned').length * PROVISIONED_INSTANCES
  return {
    AccountLimit: {
      TotalCodeSize: 80_530_636_800,
      CodeSizeUnzipped: 262_144_000,
      CodeSizeZipped: 52_428_800,
      ConcurrentExecutions: ACCOUNT_CONCURRENCY,
      UnreservedConcurrentExecutions: ACCOUNT_CONCURRENCY - reserved - provisioned,
    },
    AccountUsage: { TotalCodeSize: lambdas.length * 1_000_000, FunctionCount: lambdas.length },
  }
}

function sourceArnOf(lambda: Lambda): string {
  if (lambda.trait === 'stream') return arnOf(lambda, 'kinesis', `stream/${lambda.name}`)
  if (lambda.trait === 'kafka')
    return arnOf(lambda, 'kafka', `cluster/${lambda.name}/${makeUuid(lambda.seed)}-1`)
  return arnOf(lambda, 'sqs', lambda.name)
}

function describeMapping(lambda: Lambda): object {
  return {
    UUID: lambda.mappingUuid,
    EventSourceArn: sourceArnOf(lambda),
    FunctionArn: arnOf(lambda, 'lambda', `function:${lambda.name}`),
    BatchSize: 10,
    LastModified: deployedMs(lambda) / SECOND_MS,
    State: 'Enabled',
    StateTransitionReason: 'USER_INITIATED',
    ...(lambda.trait === 'mapping' ? { MetricsConfig: { Metrics: ['EventCount'] } } : {}),
  }
}

/** lambda:ListEventSourceMappings, all of the region or those of one function. */
export const listEventSourceMappings: Operation = (call) => {
  const name = call.request.query.get('FunctionName')?.split(':function:').at(-1)
  const all = lambdasOf(call).filter(
    (lambda) => lambda.mappingUuid !== undefined && (name ?? lambda.name) === lambda.name,
  )
  const marker = call.request.query.get('Marker') ?? undefined
  const page = takePage(all, marker, {
    size: pageSize(call, MAPPINGS_PER_PAGE),
    question: `mappings ${name ?? ''}`,
    fault: call.fault,
  })
  return {
    EventSourceMappings: page.items.map(describeMapping),
    ...(page.next === undefined ? {} : { NextMarker: page.next }),
  }
}
