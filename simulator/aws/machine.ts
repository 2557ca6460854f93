import { randomUUID } from 'node:crypto'
import { formatTime } from '../../core/time.ts'
import { countOne } from '../counters.ts'
import { headerOf, jsonReply, type Reply, type Request } from '../http.ts'
import type { Simulation } from '../simulation.ts'
import { AwsError } from './error.ts'
import type { Identity } from './identity.ts'
import { encodeError, encodeResult } from './protocol.ts'
import { credentialsOf, issueRole, ROLE_NAME } from './sts.ts'

/** What a machine shows to be given credentials; whoever shows something else is refused. */
export const MACHINE_TOKENS = {
  /** In the file of a pod's service account. */
  webIdentity: 'simulated.web.identity',
  endedWebIdentity: 'simulated.web.ended',
  /** In the cache of `aws sso login`. */
  signIn: 'simulated-sign-in',
  /** In the environment of a container. */
  container: 'simulated-container',
} as const

const INSTANCE_TOKEN = 'simulated-instance'

const INSTANCE_PATH = '/latest/meta-data/iam/security-credentials/'

const SESSION_SEC = 3_600

type Answer = (simulation: Simulation, request: Request) => Reply

function textReply(status: number, body: string): Reply {
  return { kind: 'answer', status, headers: { 'content-type': 'text/plain' }, body }
}

/** A session of the first account's role, named as AWS names those of a machine. */
function issue(simulation: Simulation, sessionName: string): Identity {
  const [accountId = ''] = simulation.options.accountIds
  return issueRole(simulation, {
    accountId,
    region: simulation.options.regions[0] ?? '',
    sessionName,
    durationSec: SESSION_SEC,
  })
}

function machineKeys({ accessKeyId, secretAccessKey, session }: Identity) {
  return {
    AccessKeyId: accessKeyId,
    SecretAccessKey: secretAccessKey,
    Token: session?.token ?? '',
    Expiration: formatTime(session?.expiresMs ?? 0),
  }
}

/** Instance metadata in its second version: nothing without a token that was asked for by PUT. */
const answerInstance: Answer = (simulation, request) => {
  if (headerOf(request.headers, 'x-aws-ec2-metadata-token') !== INSTANCE_TOKEN) {
    return textReply(401, 'Unauthorized')
  }
  if (request.rawPath === INSTANCE_PATH) return textReply(200, ROLE_NAME)
  if (request.rawPath !== INSTANCE_PATH + ROLE_NAME) return textReply(404, 'Not Found')
  return jsonReply(200, {
    Code: 'Success',
    Type: 'AWS-HMAC',
    LastUpdated: formatTime(Date.now()),
    ...machineKeys(issue(simulation, 'i-0123456789abcdef0')),
  })
}

const answerInstanceToken: Answer = (_simulation, request) =>
  request.method === 'PUT' ? textReply(200, INSTANCE_TOKEN) : textReply(405, 'Method Not Allowed')

const answerContainer: Answer = (simulation, request) => {
  if (headerOf(request.headers, 'authorization') !== MACHINE_TOKENS.container) {
    return jsonReply(401, { code: 'Unauthorized', message: 'unknown token' })
  }
  return jsonReply(200, { RoleArn: '', ...machineKeys(issue(simulation, 'eks-collector')) })
}

const answerSignIn: Answer = (simulation, request) => {
  const headers = { 'x-amzn-requestid': randomUUID() }
  if (headerOf(request.headers, 'x-amz-sso_bearer_token') !== MACHINE_TOKENS.signIn) {
    const message = 'Session token not found or invalid'
    return jsonReply(401, { message }, { ...headers, 'x-amzn-errortype': 'UnauthorizedException' })
  }
  const { accessKeyId, secretAccessKey, session } = issue(simulation, 'operator@example.com')
  const expiration = session?.expiresMs ?? 0
  const roleCredentials = { accessKeyId, secretAccessKey, sessionToken: session?.token ?? '', expiration }
  return jsonReply(200, { roleCredentials }, headers)
}

/** sts:AssumeRoleWithWebIdentity, which nobody signs: the token is all that the caller has. */
function answerWebIdentity(simulation: Simulation, form: URLSearchParams): Reply {
  const requestId = randomUUID()
  countOne(simulation.counters.requests, 'sts:AssumeRoleWithWebIdentity')
  try {
    if (form.get('WebIdentityToken') === MACHINE_TOKENS.endedWebIdentity) {
      throw new AwsError(
        'endedIdentity',
        'Token expired: current date/time must be before the expiration date/time',
      )
    }
    if (form.get('WebIdentityToken') !== MACHINE_TOKENS.webIdentity) {
      throw new AwsError('invalidIdentity', 'No OpenIDConnect provider found in your account for the token')
    }
    if (!(form.get('RoleArn') ?? '').endsWith(`:role/${ROLE_NAME}`)) {
      throw new AwsError('denied', 'Not authorized to perform sts:AssumeRoleWithWebIdentity')
    }
    const identity = issue(simulation, form.get('RoleSessionName') ?? '')
    const user = { AssumedRoleId: identity.userId, Arn: identity.arn }
    return encodeResult('query', 'AssumeRoleWithWebIdentity', requestId, {
      Credentials: credentialsOf(identity),
      AssumedRoleUser: user,
    })
  } catch (error) {
    if (!(error instanceof AwsError)) throw error
    countOne(simulation.counters.errors, 'sts:AssumeRoleWithWebIdentity')
    return encodeError('query', requestId, error)
  }
}

/** Paths of what gives a machine its credentials, all on the simulator's one address. */
const PATHS: Readonly<Record<string, Answer>> = {
  '/latest/api/token': answerInstanceToken,
  '/container/credentials': answerContainer,
  '/federation/credentials': answerSignIn,
}

/** Answers what a machine asks for credentials of its own, unsigned; undefined for every other request. */
export function answerMachine(simulation: Simulation, request: Request): Reply | undefined {
  const { rawPath, method } = request
  const answer = rawPath.startsWith(INSTANCE_PATH) ? answerInstance : PATHS[rawPath]
  if (answer !== undefined) return answer(simulation, request)
  if (rawPath !== '/' || method !== 'POST' || request.headers['x-amz-target'] !== undefined) return undefined
  const form = new URLSearchParams(request.body.toString('utf8'))
  return form.get('Action') === 'AssumeRoleWithWebIdentity' ? answerWebIdentity(simulation, form) : undefined
}
