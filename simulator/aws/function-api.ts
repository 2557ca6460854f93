import { type Lambda, PROVISIONED_INSTANCES } from '../truth/lambda.ts'
import type { Call, Operation } from './call.ts'
import { AwsError } from './error.ts'
import { arnOf, lambdasOf } from './lambda-api.ts'

/** `/2015-03-31/functions/NAME/aliases` → the name, decoded. */
export function functionNameOf(rawPath: string): string {
  return decodeURIComponent(rawPath.split('/')[3] ?? '')
}

/** The lambda that a path names, by its name or ARN. Throws ResourceNotFoundException. */
function lambdaOf(call: Call): Lambda {
  const { identity, region } = call.caller
  const name = functionNameOf(call.request.rawPath).split(':function:').at(-1) ?? ''
  const found = lambdasOf(call).find((lambda) => lambda.name === name)
  if (found) return found
  throw new AwsError(
    'notFound',
    `Function not found: ${arnOf({ region, accountId: identity.accountId }, 'lambda', `function:${name}`)}`,
  )
}

function functionArn(lambda: Lambda, qualifier?: string): string {
  return arnOf(lambda, 'lambda', `function:${lambda.name}${qualifier === undefined ? '' : `:${qualifier}`}`)
}

/** lambda:GetFunctionConcurrency. */
export const getFunctionConcurrency: Operation = (call) => {
  const { reservedConcurrency } = lambdaOf(call)
  return reservedConcurrency === undefined ? {} : { ReservedConcurrentExecutions: reservedConcurrency }
}

/** lambda:ListProvisionedConcurrencyConfigs: what the alias `live` has. */
export const listProvisionedConcurrencyConfigs: Operation = (call) => {
  const lambda = lambdaOf(call)
  if (lambda.trait !== 'provisioned') return { ProvisionedConcurrencyConfigs: [] }
  const config = {
    FunctionArn: functionArn(lambda, 'live'),
    RequestedProvisionedConcurrentExecutions: PROVISIONED_INSTANCES,
    AvailableProvisionedConcurrentExecutions: PROVISIONED_INSTANCES,
    AllocatedProvisionedConcurrentExecutions: PROVISIONED_INSTANCES,
    Status: 'READY',
    LastModified: '2026-01-05T10:00:00+0000',
  }
  return { ProvisionedConcurrencyConfigs: [config] }
}

/** lambda:ListAliases: `live` sends a tenth to version 2. */
export const listAliases: Operation = (call) => {
  const lambda = lambdaOf(call)
  if (lambda.versions.length === 0) return { Aliases: [] }
  const alias = {
    AliasArn: functionArn(lambda, 'live'),
    Name: 'live',
    FunctionVersion: '1',
    Description: '',
    RoutingConfig: { AdditionalVersionWeights: { '2': 0.1 } },
  }
  return { Aliases: [alias] }
}

/** lambda:ListFunctionUrlConfigs. */
export const listFunctionUrlConfigs: Operation = (call) => {
  const lambda = lambdaOf(call)
  if (lambda.trait !== 'url') return { FunctionUrlConfigs: [] }
  const config = {
    FunctionUrl: `https://${lambda.seed.toString(36)}.lambda-url.${lambda.region}.on.aws/`,
    FunctionArn: functionArn(lambda),
    AuthType: 'AWS_IAM',
    CreationTime: '2026-01-05T10:00:00.000Z',
    LastModifiedTime: '2026-01-05T10:00:00.000Z',
    InvokeMode: 'BUFFERED',
  }
  return { FunctionUrlConfigs: [config] }
}

/** lambda:ListFunctionEventInvokeConfigs. */
export const listFunctionEventInvokeConfigs: Operation = (call) => {
  const lambda = lambdaOf(call)
  if (lambda.trait !== 'async') return { FunctionEventInvokeConfigs: [] }
  const config = {
    FunctionArn: functionArn(lambda, '$LATEST'),
    MaximumRetryAttempts: 1,
    MaximumEventAgeInSeconds: 3_600,
    DestinationConfig: {
      OnSuccess: {},
      OnFailure: { Destination: arnOf(lambda, 'sqs', 'failed') },
    },
  }
  return { FunctionEventInvokeConfigs: [config] }
}

/** lambda:GetFunctionRecursionConfig: AWS ends loops unless told otherwise. */
export const getFunctionRecursionConfig: Operation = (call) => ({
  RecursiveLoop: lambdaOf(call).trait === 'recursive' ? 'Allow' : 'Terminate',
})
