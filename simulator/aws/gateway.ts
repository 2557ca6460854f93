import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { countOne } from '../counters.ts'
import { headerOf, type Reply, type Request } from '../http.ts'
import type { Simulation } from '../simulation.ts'
import type { Operation } from './call.ts'
import { AwsError } from './error.ts'
import { bendReply, throwFault } from './fault.ts'
import { getMetricData } from './get-metric-data.ts'
import { findRefusal } from './iam.ts'
import { getCostAndUsage, getCostAndUsageWithResources } from './cost-explorer.ts'
import { type Caller, partitionOf } from './identity.ts'
import {
  functionNameOf,
  getFunctionConcurrency,
  getFunctionRecursionConfig,
  listAliases,
  listFunctionEventInvokeConfigs,
  listFunctionUrlConfigs,
  listProvisionedConcurrencyConfigs,
} from './function-api.ts'
import { getAccountSettings, listEventSourceMappings, listFunctions } from './lambda-api.ts'
import { listMetrics } from './list-metrics.ts'
import { listRegions } from './list-regions.ts'
import { filterLogEvents, logGroupArnOf } from './logs-api.ts'
import { encodeError, encodeResult, type Protocol } from './protocol.ts'
import {
  listAccounts,
  listAccountsForParent,
  listOrganizationalUnitsForParent,
  listTagsForResource,
} from './organization.ts'
import { getResources } from './tagging.ts'
import { assumeRole, getCallerIdentity, getSessionToken } from './sts.ts'

interface Service {
  readonly protocol: Protocol
  /** The service name in the credential scope. */
  readonly signedAs: string
  /** A global service is signed for its partition's home region, enabled by definition. */
  readonly isGlobal: boolean
}

const SERVICES = {
  cloudwatch: { protocol: 'json10', signedAs: 'monitoring', isGlobal: false },
  lambda: { protocol: 'rest', signedAs: 'lambda', isGlobal: false },
  sts: { protocol: 'query', signedAs: 'sts', isGlobal: true },
  tag: { protocol: 'json11', signedAs: 'tagging', isGlobal: false },
  logs: { protocol: 'json11', signedAs: 'logs', isGlobal: false },
  account: { protocol: 'rest', signedAs: 'account', isGlobal: true },
  ce: { protocol: 'json11', signedAs: 'ce', isGlobal: true },
  organizations: { protocol: 'json11', signedAs: 'organizations', isGlobal: true },
} as const satisfies Record<string, Service>

type ServiceName = keyof typeof SERVICES

/** Every operation that is answered, by its IAM action. */
const OPERATIONS: Readonly<Record<string, Operation>> = {
  'cloudwatch:ListMetrics': listMetrics,
  'cloudwatch:GetMetricData': getMetricData,
  'lambda:ListFunctions': listFunctions,
  'lambda:GetAccountSettings': getAccountSettings,
  'lambda:ListEventSourceMappings': listEventSourceMappings,
  'lambda:GetFunctionConcurrency': getFunctionConcurrency,
  'lambda:ListProvisionedConcurrencyConfigs': listProvisionedConcurrencyConfigs,
  'lambda:ListAliases': listAliases,
  'lambda:ListFunctionUrlConfigs': listFunctionUrlConfigs,
  'lambda:ListFunctionEventInvokeConfigs': listFunctionEventInvokeConfigs,
  'lambda:GetFunctionRecursionConfig': getFunctionRecursionConfig,
  'tag:GetResources': getResources,
  'logs:FilterLogEvents': filterLogEvents,
  'sts:GetCallerIdentity': getCallerIdentity,
  'sts:AssumeRole': assumeRole,
  'sts:GetSessionToken': getSessionToken,
  'account:ListRegions': listRegions,
  'ce:GetCostAndUsage': getCostAndUsage,
  'ce:GetCostAndUsageWithResources': getCostAndUsageWithResources,
  'organizations:ListAccounts': listAccounts,
  'organizations:ListAccountsForParent': listAccountsForParent,
  'organizations:ListOrganizationalUnitsForParent': listOrganizationalUnitsForParent,
  'organizations:ListTagsForResource': listTagsForResource,
}

const REST_PATHS: Readonly<Record<string, readonly [ServiceName, string]>> = {
  'GET /2015-03-31/functions': ['lambda', 'ListFunctions'],
  'GET /2016-08-19/account-settings': ['lambda', 'GetAccountSettings'],
  'GET /2015-03-31/event-source-mappings': ['lambda', 'ListEventSourceMappings'],
  'POST /listRegions': ['account', 'ListRegions'],
}

/** What comes after a function's name in a path. */
const FUNCTION_PATHS: Readonly<Record<string, string>> = {
  '2019-09-30 concurrency': 'GetFunctionConcurrency',
  '2019-09-30 provisioned-concurrency': 'ListProvisionedConcurrencyConfigs',
  '2015-03-31 aliases': 'ListAliases',
  '2021-10-31 urls': 'ListFunctionUrlConfigs',
  '2019-09-25 event-invoke-config/list': 'ListFunctionEventInvokeConfigs',
  '2024-08-31 recursion-config': 'GetFunctionRecursionConfig',
}

/** Services by what their targets begin with; CloudWatch's is none of these. */
const TARGETS: Readonly<Record<string, ServiceName>> = {
  ResourceGroupsTaggingAPI: 'tag',
  Logs: 'logs',
  AWSInsightsIndexService: 'ce',
  AWSOrganizationsV: 'organizations',
}

/** Regions that global endpoints sign for, one per partition. */
const HOME_REGIONS = ['us-east-1', 'cn-north-1', 'cn-northwest-1', 'us-gov-west-1', 'eusc-de-east-1']

/** With an endpoint override every service calls one address: the target header, the path or the form tells them apart. */
function identify(request: Request): readonly [ServiceName, string] {
  const target = headerOf(request.headers, 'x-amz-target')
  const [targeted = '', operation = ''] = target.split('.')
  if (target !== '') return [TARGETS[targeted.replace(/_?\d+$/, '')] ?? 'cloudwatch', operation]
  const path = REST_PATHS[`${request.method} ${request.rawPath.replace(/\/$/, '')}`]
  if (path) return path
  const [, version = '', , , ...rest] = request.rawPath.replace(/\/$/, '').split('/')
  const ofFunction = request.method === 'GET' ? FUNCTION_PATHS[`${version} ${rest.join('/')}`] : undefined
  if (request.rawPath !== '/') return ['lambda', ofFunction ?? 'Unknown']
  return ['sts', new URLSearchParams(request.body.toString('utf8')).get('Action') ?? 'Unknown']
}

function checkScope(simulation: Simulation, caller: Caller, service: Service): void {
  if (caller.service !== service.signedAs) {
    throw new AwsError(
      'badSignature',
      `Credential should be scoped to correct service: '${service.signedAs}'.`,
    )
  }
  const isEnabled = simulation.options.regions.includes(caller.region)
  if (isEnabled || (service.isGlobal && HOME_REGIONS.includes(caller.region))) return
  // AWS words a region that the account has not enabled like a key that does not exist.
  throw new AwsError('unknownKey', 'The security token included in the request is invalid')
}

/** What IAM compares a policy's Resource with; `*` for what can be limited to nothing (aws.md §3.4). */
function resourceOf(action: string, caller: Caller, request: Request): string {
  if (action === 'sts:AssumeRole') {
    return new URLSearchParams(request.body.toString('utf8')).get('RoleArn') ?? ''
  }
  const { region, identity } = caller
  if (action === 'logs:FilterLogEvents') {
    return logGroupArnOf(region, identity.accountId, request.body.toString('utf8'))
  }
  const name = functionNameOf(request.rawPath)
  if (!action.startsWith('lambda:') || name === '') return '*'
  return `arn:${partitionOf(region)}:lambda:${region}:${identity.accountId}:function:${name}`
}

/** AWS answers them whatever policies say. */
const NEEDS_NO_PERMISSION: readonly string[] = ['sts:GetCallerIdentity', 'sts:GetSessionToken']

/** Throws AccessDenied when the policies of the account do not allow the call. */
function checkPolicies(simulation: Simulation, action: string, caller: Caller, resource: string): void {
  const { arn, accountId, session } = caller.identity
  const policies = simulation.access.policies.get(accountId)
  if (policies === undefined || NEEDS_NO_PERMISSION.includes(action)) return
  const asked = { action, resource, region: caller.region, issuedMs: session?.issuedMs }
  const refusal = findRefusal(policies, arn, asked)
  if (refusal === undefined) return
  throw new AwsError(
    'denied',
    `User: ${arn} is not authorized to perform: ${action} on resource: ${resource} ${refusal}`,
  )
}

/** The IAM action under which a call is counted: what a client makes up is one counter, not any number of them. */
function countedAs(target: readonly [ServiceName, string]): string {
  const action = target.join(':')
  return Object.hasOwn(OPERATIONS, action) ? action : 'unknown'
}

function run(simulation: Simulation, request: Request, target: readonly [ServiceName, string]): Reply {
  const [name, operation] = target
  const action = `${name}:${operation}`
  const requestId = randomUUID()
  const { protocol } = SERVICES[name]
  try {
    const caller = simulation.identities.authenticate(request, simulation.clock)
    checkScope(simulation, caller, SERVICES[name])
    const perform = OPERATIONS[action]
    if (perform === undefined)
      throw new AwsError('unknownOperation', `This simulator has no operation ${operation}.`)
    simulation.quotas.takeRequest(action, `${caller.identity.accountId} ${caller.region}`)
    const resource = resourceOf(action, caller, request)
    simulation.denials.check(action, caller, resource)
    checkPolicies(simulation, action, caller, resource)
    const fault = simulation.faults.take(action, caller.region)
    throwFault(fault, action)
    if (fault === 'hang' || fault === 'close') return { kind: fault }
    const result = perform({ simulation, caller, request, fault })
    return bendReply(fault, encodeResult(protocol, operation, requestId, result))
  } catch (error) {
    if (!(error instanceof AwsError)) throw error
    countOne(simulation.counters.errors, countedAs(target))
    return encodeError(protocol, requestId, error)
  }
}

/** Answers a request to AWS, after the configured latency. */
export async function answerAws(simulation: Simulation, request: Request): Promise<Reply> {
  const target = identify(request)
  countOne(simulation.counters.requests, countedAs(target))
  if (simulation.options.latencyMs > 0) await delay(simulation.options.latencyMs)
  return run(simulation, request, target)
}
