import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, request as forward } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { MACHINE_TOKENS } from '../../../simulator/aws/machine.ts'
import { listen, openBroker, refusal, simulator, user } from './open-broker.ts'
import { useChain } from './use-chain.ts'

/** What is set on a machine that has no keys: the chain is to find nothing before what is tested. */
const NO_KEYS = { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '' }

async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'dff-machine-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** An EC2 instance whose profile has a role. */
async function useInstance(): Promise<void> {
  useChain({
    ...NO_KEYS,
    AWS_EC2_METADATA_DISABLED: '',
    AWS_EC2_METADATA_SERVICE_ENDPOINT: simulator.url,
  })
}

/** A container of ECS, or a pod with an EKS Pod Identity. */
async function useContainer(): Promise<void> {
  useChain({
    ...NO_KEYS,
    AWS_CONTAINER_CREDENTIALS_FULL_URI: `${simulator.url}/container/credentials`,
    AWS_CONTAINER_AUTHORIZATION_TOKEN: MACHINE_TOKENS.container,
  })
}

/** A pod whose service account is annotated with a role. */
async function useWebIdentity(token: string = MACHINE_TOKENS.webIdentity, role = simulator.info.roleArn) {
  const file = join(await makeFolder(), 'token')
  await writeFile(file, token)
  useChain({
    ...NO_KEYS,
    AWS_ENDPOINT_URL: simulator.url,
    AWS_ROLE_ARN: role,
    AWS_ROLE_SESSION_NAME: 'pod',
    AWS_WEB_IDENTITY_TOKEN_FILE: file,
  })
}

/** Somebody's machine after `aws sso login`. */
async function useSignIn(expiresAt = '2999-01-01T00:00:00Z', token: string = MACHINE_TOKENS.signIn) {
  const home = await makeFolder()
  const config = join(home, 'config')
  const session = createHash('sha1').update('work').digest('hex')
  await mkdir(join(home, '.aws/sso/cache'), { recursive: true })
  const cached = { accessToken: token, expiresAt, startUrl: 'https://example.com/start', region: 'us-east-1' }
  await writeFile(join(home, `.aws/sso/cache/${session}.json`), JSON.stringify(cached))
  await writeFile(
    config,
    `[profile work]
sso_session = work
sso_account_id = ${user().accountId}
sso_role_name = collector
[sso-session work]
sso_start_url = https://example.com/start
sso_region = us-east-1
`,
  )
  useChain({
    ...NO_KEYS,
    HOME: home,
    AWS_CONFIG_FILE: config,
    AWS_PROFILE: 'work',
    AWS_ENDPOINT_URL: simulator.url,
  })
}

describe.each([
  { machine: 'an instance with a role', use: useInstance, name: 'i-0123456789abcdef0' },
  { machine: 'a container with a role', use: useContainer, name: 'eks-collector' },
  { machine: 'a pod with a web identity', use: useWebIdentity, name: 'pod' },
  { machine: 'a machine that somebody signed in on', use: useSignIn, name: 'operator@example.com' },
])('$machine', ({ use, name }) => {
  it('needs no key', async () => {
    await use()
    const session = await openBroker().session('startup__a', {})
    expect(session.arn).toBe(`arn:aws:sts::${user().accountId}:assumed-role/guance-collector/${name}`)
    expect(session.expiresAtMs).toBeGreaterThan(Date.now())
    expect(session.sessionToken).toMatch(/./)
  })

  it('assumes the role of an account with what it has', async () => {
    await use()
    const { roleArn, externalId } = simulator.info
    const account = { assume_role_arn: roleArn, external_id: externalId }
    const session = await openBroker().session('startup__a', account)
    expect(session.arn).toMatch(/assumed-role\/guance-collector\/guance$/)
  })
})

describe('a machine behind a proxy', () => {
  it.each([
    { machine: 'a pod with a web identity', use: useWebIdentity },
    { machine: 'a machine that somebody signed in on', use: useSignIn },
  ])('gets its credentials through it: $machine', async ({ use }) => {
    const asked: string[] = []
    const proxy = createServer((message, response) => {
      asked.push(new URL(message.url ?? '').pathname)
      message.pipe(
        forward(message.url ?? '', { method: message.method, headers: message.headers }, (answer) => {
          response.writeHead(answer.statusCode ?? 0, answer.headers)
          answer.pipe(response)
        }),
      )
    })
    const url = await listen(proxy)
    await use()
    vi.stubEnv('HTTP_PROXY', url)
    await openBroker().session('startup__a', {})
    expect(asked).toHaveLength(1)
  })
})

describe('a machine that is given no credentials', () => {
  it('is not kept waiting again for two minutes where nobody answered for long', async () => {
    let nowMs = 0
    let requests = 0
    const url = await listen(
      createServer(({ socket }) => {
        requests += 1
        // So long has it said nothing.
        nowMs += 20_000
        socket.destroy()
      }),
    )
    await useWebIdentity()
    vi.stubEnv('AWS_ENDPOINT_URL', url)
    const broker = openBroker({ now: () => nowMs })
    const error = await refusal(broker.session('startup__a', {}))
    expect(error.code).toBe('AWS_UNREACHABLE')
    const before = requests
    expect(await refusal(broker.session('startup__b', {}))).toBe(error)
    expect(requests).toBe(before)
    nowMs += 120_000
    await refusal(broker.session('startup__a', {}))
    expect(requests).toBeGreaterThan(before)
  })

  it('is told that its token is not known to the account, without the token', async () => {
    await useWebIdentity('eyJhbGciOiJub25lIn0.secret.claim')
    const error = await refusal(openBroker().session('startup__a', {}))
    expect(error.code).toBe('CREDENTIALS_REFUSED')
    expect(error.message).toMatchInlineSnapshot(
      `"account with the SDK's default credentials: expected a web identity (AWS_WEB_IDENTITY_TOKEN_FILE) that the account of its role knows, got InvalidIdentityTokenException: No OpenIDConnect provider found in your account for the token. That account needs an IAM OIDC provider for the issuer and audience of the token, and the file a token that has not ended."`,
    )
  })

  it('is told which trust policy does not let its token in', async () => {
    await useWebIdentity(MACHINE_TOKENS.webIdentity, 'arn:aws:iam::123456789012:role/another')
    const error = await refusal(openBroker().session('startup__a', {}))
    expect(error.code).toBe('CREDENTIALS_REFUSED')
    expect(error.message).toMatchInlineSnapshot(
      `"account with the SDK's default credentials: expected a role of the web identity (AWS_ROLE_ARN) or of the profile that this machine may assume, got AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity. The trust policy of the role must let it in: sts:AssumeRoleWithWebIdentity for the OIDC provider and the service account, or sts:AssumeRole for the source of the profile; and the role must exist."`,
    )
  })

  it('is told that its token has ended', async () => {
    await useWebIdentity(MACHINE_TOKENS.endedWebIdentity)
    const error = await refusal(openBroker().session('startup__a', {}))
    expect(error.code).toBe('CREDENTIALS_REFUSED')
    expect(error.message).toMatchInlineSnapshot(
      `"account with the SDK's default credentials: expected a web identity or a session that has not ended, got ExpiredTokenException: Token expired: current date/time must be before the expiration date/time. Whoever writes AWS_WEB_IDENTITY_TOKEN_FILE must renew it before its end; keys with a session token in the environment or a profile are to be replaced."`,
    )
  })

  it('is told that there is no token to read', async () => {
    await useWebIdentity()
    vi.stubEnv('AWS_WEB_IDENTITY_TOKEN_FILE', '/nowhere/token')
    const error = await refusal(openBroker().session('startup__a', {}))
    expect(error.code).toBe('NO_CREDENTIALS')
    expect(error.message).toMatchInlineSnapshot(
      `"account with the SDK's default credentials: expected a file with a token (AWS_WEB_IDENTITY_TOKEN_FILE) that the host may read, got Error: ENOENT: no such file or directory, open '/nowhere/token'. Mount it, or let the user that the host runs as read it."`,
    )
  })

  it('is told to sign in again once that has ended', async () => {
    await useSignIn('2026-01-01T00:00:00Z')
    const error = await refusal(openBroker().session('startup__a', {}))
    expect(error.message).toMatchInlineSnapshot(
      `"account with the SDK's default credentials: expected a sign-in that has not ended, got CredentialsProviderError: Value not present for 'clientId' in SSO Token. Cannot refresh. To refresh this SSO session run 'aws sso login' with the corresponding profile. Sign in again as the user that the host runs as (aws sso login with its profile)."`,
    )
  })

  it('is told to sign in again when nobody knows its sign-in', async () => {
    await useSignIn('2999-01-01T00:00:00Z', 'revoked')
    const error = await refusal(openBroker().session('startup__a', {}))
    expect(error.message).toMatchInlineSnapshot(
      `"account with the SDK's default credentials: expected a sign-in that has not ended, got CredentialsProviderError: UnauthorizedException: Session token not found or invalid. Sign in again as the user that the host runs as (aws sso login with its profile)."`,
    )
  })
})
