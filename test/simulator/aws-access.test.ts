import { ListRegionsCommand } from '@aws-sdk/client-account'
import { ListMetricsCommand } from '@aws-sdk/client-cloudwatch'
import { ListFunctionsCommand } from '@aws-sdk/client-lambda'
import { AssumeRoleCommand, GetCallerIdentityCommand, GetSessionTokenCommand } from '@aws-sdk/client-sts'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type RunningSimulator, startSimulator } from '../../simulator/server.ts'
import { control, type Keys, keysOf, makeClients } from './aws-clients.ts'

let simulator: RunningSimulator

beforeAll(async () => {
  simulator = await startSimulator({ functions: 24, latencyMs: 0 })
})
afterAll(() => simulator.close())
afterEach(() => control(simulator, 'denials', { actions: [] }))

const REFUSED = {
  sts: (region: string, keys: Keys) =>
    makeClients(simulator, region, keys).sts.send(new GetCallerIdentityCommand({})),
  cloudwatch: (region: string, keys: Keys) =>
    makeClients(simulator, region, keys).cloudwatch.send(new ListMetricsCommand({})),
  lambda: (region: string, keys: Keys) =>
    makeClients(simulator, region, keys).lambda.send(new ListFunctionsCommand({})),
}

async function assumeRole(): Promise<Keys> {
  const { roleArn, externalId } = simulator.info
  const command = new AssumeRoleCommand({ RoleArn: roleArn, ExternalId: externalId, RoleSessionName: 'test' })
  const { Credentials } = await makeClients(simulator).sts.send(command)
  return {
    accessKeyId: Credentials?.AccessKeyId ?? '',
    secretAccessKey: Credentials?.SecretAccessKey ?? '',
    sessionToken: Credentials?.SessionToken ?? '',
  }
}

describe('AWS access', () => {
  it('knows the caller of a signed request', async () => {
    const identity = await makeClients(simulator).sts.send(new GetCallerIdentityCommand({}))
    expect(identity.Account).toBe('123456789012')
    expect(identity.Arn).toBe('arn:aws:iam::123456789012:user/collector')
  })

  it.each([
    ['sts', 'InvalidClientTokenId'],
    ['cloudwatch', 'InvalidClientTokenId'],
    ['lambda', 'UnrecognizedClientException'],
  ] as const)('refuses an unknown key as %s does', async (service, name) => {
    const keys = { ...keysOf(simulator), accessKeyId: 'AKIAIOSFODNN7EXAMPLE' }
    await expect(REFUSED[service]('us-east-1', keys)).rejects.toMatchObject({
      name,
      $metadata: { httpStatusCode: 403 },
      message: expect.stringContaining('security token included in the request is invalid'),
    })
  })

  it.each([
    ['sts', 'SignatureDoesNotMatch'],
    ['cloudwatch', 'SignatureDoesNotMatch'],
    ['lambda', 'InvalidSignatureException'],
  ] as const)('refuses a wrong secret as %s does', async (service, name) => {
    const keys = { ...keysOf(simulator), secretAccessKey: 'wrong' }
    await expect(REFUSED[service]('us-east-1', keys)).rejects.toMatchObject({
      name,
      $metadata: { httpStatusCode: 403 },
    })
  })

  it.each(['sts', 'cloudwatch', 'lambda'] as const)(
    'refuses a region that is not enabled as %s does: like a bad key',
    async (service) => {
      const refusal = REFUSED[service]('eu-south-1', keysOf(simulator))
      await expect(refusal).rejects.toMatchObject({
        name: expect.stringMatching(/^(Unrecognized|InvalidClientTokenId)/),
      })
    },
  )

  it('refuses a body that was changed after signing', async () => {
    const { cloudwatch } = makeClients(simulator)
    cloudwatch.middlewareStack.add(
      (next) => (args) => {
        Object.assign(args.request as object, { body: '[]' })
        return next(args)
      },
      { step: 'finalizeRequest', priority: 'low' },
    )
    await expect(cloudwatch.send(new ListMetricsCommand({}))).rejects.toMatchObject({
      name: 'SignatureDoesNotMatch',
    })
  })

  it('refuses an unsigned request', async () => {
    const response = await fetch(`${simulator.url}/2015-03-31/functions`)
    expect(response.status).toBe(403)
    expect(response.headers.get('x-amzn-errortype')).toBe('MissingAuthenticationTokenException')
  })

  it('gives temporary keys for the role, which work in every region until they expire', async () => {
    const keys = await assumeRole()
    const clients = makeClients(simulator, 'eu-west-1', keys)
    const { Arn } = await clients.sts.send(new GetCallerIdentityCommand({}))
    expect(Arn).toBe('arn:aws:sts::123456789012:assumed-role/guance-collector/test')
    const { Functions } = await clients.lambda.send(new ListFunctionsCommand({}))
    expect(Functions).toHaveLength(12)
    await control(simulator, 'sessions/expire', {})
    await expect(clients.lambda.send(new ListFunctionsCommand({}))).rejects.toMatchObject({
      name: 'ExpiredTokenException',
    })
    await expect(clients.cloudwatch.send(new ListMetricsCommand({}))).rejects.toMatchObject({
      name: 'ExpiredToken',
    })
  })

  it('refuses temporary keys without their session token', async () => {
    const { accessKeyId, secretAccessKey } = await assumeRole()
    const refusal = REFUSED.cloudwatch('us-east-1', { accessKeyId, secretAccessKey })
    await expect(refusal).rejects.toMatchObject({ name: 'InvalidClientTokenId' })
  })

  it.each([
    ['another external id', { ExternalId: 'other' }, 'AccessDenied'],
    ['no external id', { ExternalId: undefined }, 'AccessDenied'],
    ['an unknown role', { RoleArn: 'arn:aws:iam::123456789012:role/other' }, 'AccessDenied'],
    ['a session that is too short', { DurationSeconds: 60 }, 'ValidationError'],
    ['a session name with a space', { RoleSessionName: 'a b' }, 'ValidationError'],
  ])('refuses AssumeRole with %s', async (_, change, name) => {
    const { roleArn, externalId } = simulator.info
    const good = { RoleArn: roleArn, ExternalId: externalId, RoleSessionName: 'test' }
    const command = new AssumeRoleCommand({ ...good, ...change })
    await expect(makeClients(simulator).sts.send(command)).rejects.toMatchObject({ name })
  })

  it('gives session tokens to users only', async () => {
    const { Credentials } = await makeClients(simulator).sts.send(new GetSessionTokenCommand({}))
    const keys = {
      accessKeyId: Credentials?.AccessKeyId ?? '',
      secretAccessKey: Credentials?.SecretAccessKey ?? '',
      sessionToken: Credentials?.SessionToken ?? '',
    }
    const { sts } = makeClients(simulator, 'us-east-1', keys)
    expect((await sts.send(new GetCallerIdentityCommand({}))).Account).toBe('123456789012')
    await expect(sts.send(new GetSessionTokenCommand({}))).rejects.toMatchObject({ name: 'AccessDenied' })
  })

  it('denies an action where it was told to, and names user and action', async () => {
    await control(simulator, 'denials', { actions: ['lambda:ListFunctions'], regions: ['eu-west-1'] })
    const denied = makeClients(simulator, 'eu-west-1').lambda.send(new ListFunctionsCommand({}))
    await expect(denied).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: expect.stringMatching(
        /^User: arn:aws:iam::123456789012:user\/collector is not authorized to perform: lambda:ListFunctions/,
      ),
    })
    const { Functions } = await makeClients(simulator).lambda.send(new ListFunctionsCommand({}))
    expect(Functions).toHaveLength(12)
  })

  it('denies whole services by a wildcard, but never GetCallerIdentity', async () => {
    await control(simulator, 'denials', { actions: ['cloudwatch:*', 'sts:*'] })
    const { cloudwatch, sts } = makeClients(simulator)
    await expect(cloudwatch.send(new ListMetricsCommand({}))).rejects.toMatchObject({ name: 'AccessDenied' })
    expect((await sts.send(new GetCallerIdentityCommand({}))).Account).toBe('123456789012')
  })

  it('lists regions with their opt-in status, in pages', async () => {
    const { account } = makeClients(simulator)
    const enabled = new ListRegionsCommand({
      RegionOptStatusContains: ['ENABLED', 'ENABLED_BY_DEFAULT'],
      MaxResults: 1,
    })
    const first = await account.send(enabled)
    expect(first.Regions?.map((region) => region.RegionName)).toEqual(['us-east-1'])
    const rest = await account.send(new ListRegionsCommand({ ...enabled.input, NextToken: first.NextToken }))
    expect(rest.Regions?.map((region) => region.RegionName)).toEqual(['eu-west-1'])
    expect(rest.NextToken).toBeUndefined()
  })

  it('tells its own time in the Date header, which a client may follow to sign', async () => {
    const threeDaysMs = 3 * 86_400_000
    await control(simulator, 'clock', { offsetMs: threeDaysMs })
    const { cloudwatch } = makeClients(simulator)
    await cloudwatch.send(new ListMetricsCommand({}))
    await cloudwatch.send(new ListMetricsCommand({}))
    const response = await fetch(`${simulator.url}/control/clock`)
    const aheadMs = Date.parse(response.headers.get('date') ?? '') - Date.now()
    await control(simulator, 'clock', { offsetMs: -threeDaysMs })
    expect(aheadMs).toBeGreaterThan(threeDaysMs - 60_000)
  })
})
