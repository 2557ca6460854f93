import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { describe, expect, it, onTestFinished } from 'vitest'
import { keysAccount, openBroker, refusal, simulator, stopClock, user } from './open-broker.ts'
import { useChain } from './use-chain.ts'

const MINUTE_MS = 60_000

async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'dff-chain-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

interface Process {
  /** How often it was run. */
  count(): Promise<number>
  /** What it gives from now on; nothing makes it fail. */
  give(credentials: object | undefined): Promise<void>
}

/** A profile whose command gives credentials, as sign-in tools do. */
async function useProcess(credentials: object): Promise<Process> {
  const folder = await makeFolder()
  const [runs, answer, script, config] = ['runs', 'answer.json', 'give.mjs', 'config'].map((name) =>
    join(folder, name),
  )
  const text = `import { appendFileSync, readFileSync } from 'node:fs'
appendFileSync(${JSON.stringify(runs)}, 'x')
process.stdout.write(readFileSync(${JSON.stringify(answer)}))
`
  const give = async (value: object | undefined): Promise<void> =>
    value === undefined ? rm(answer ?? '') : writeFile(answer ?? '', JSON.stringify({ Version: 1, ...value }))
  await writeFile(script ?? '', text)
  await give(credentials)
  await writeFile(config ?? '', `[default]\ncredential_process = ${process.execPath} ${script}\n`)
  useChain({ AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '', AWS_CONFIG_FILE: config ?? '' })
  return { count: async () => (await readFile(runs ?? '', 'utf8')).length, give }
}

/** A session of the simulator's user, as a command would give it. */
async function temporaryKeys(nowMs: number) {
  const session = await openBroker().session('startup__a', keysAccount())
  return {
    AccessKeyId: session.accessKeyId,
    SecretAccessKey: session.secretAccessKey,
    SessionToken: session.sessionToken,
    Expiration: new Date(nowMs + 30 * MINUTE_MS).toISOString(),
  }
}

function roles() {
  const { roleArn, externalId } = simulator.info
  return ['guance', 'another'].map((name) => ({
    assume_role_arn: roleArn,
    external_id: externalId,
    role_session_name: name,
  }))
}

describe("the machine's own credentials", () => {
  it('are asked for once for all accounts and scripts, and again only when they are about to end', async () => {
    let nowMs = stopClock()
    const command = await useProcess(await temporaryKeys(nowMs))
    const broker = openBroker({ now: () => nowMs, random: () => 0 })
    await Promise.all(roles().map((account) => broker.session('startup__a', account)))
    await broker.session('startup__b', {})
    nowMs += 17 * MINUTE_MS
    await broker.session('startup__c', {})
    expect(await command.count()).toBe(1)
    nowMs += 2 * MINUTE_MS
    await broker.session('startup__d', {})
    await broker.settled()
    expect(await command.count()).toBe(2)
  })

  it('that end by themselves and come anew leave the sessions that they opened in use', async () => {
    let nowMs = stopClock()
    const [account = {}] = roles()
    const command = await useProcess(await temporaryKeys(nowMs))
    const broker = openBroker({ now: () => nowMs, random: () => 0 })
    const first = await broker.session('startup__a', account)
    await command.give(await temporaryKeys(nowMs))
    nowMs += 31 * MINUTE_MS
    expect(await broker.session('startup__a', account)).toBe(first)
    expect(await command.count()).toBe(2)
  })

  it('that cannot be had any more leave a session in use until its end, and that is said', async () => {
    let nowMs = stopClock()
    const [account = {}] = roles()
    const command = await useProcess(await temporaryKeys(nowMs))
    const broker = openBroker({ now: () => nowMs })
    const first = await broker.session('startup__a', account)
    await command.give(undefined)
    nowMs += 31 * MINUTE_MS
    const kept = await broker.session('startup__a', account)
    expect(kept.accessKeyId).toBe(first.accessKeyId)
    expect(kept.warning).toMatch(/stays in use until .*CredentialsProviderError/)
    nowMs += 30 * MINUTE_MS
    expect((await refusal(broker.session('startup__a', account))).code).toBe('NO_CREDENTIALS')
  })

  it.for([
    ['that is the default', (command: string) => `[default]\n${command}`],
    [
      'that a role is assumed with',
      (command: string) =>
        `[default]\nrole_arn = arn:aws:iam::${user().accountId}:role/guance-collector\nsource_profile = base\n[profile base]\n${command}`,
    ],
  ] as const)(
    'show nothing of the command line of a profile %s, which may hold a token',
    async ([, make]) => {
      for (const script of ['process.exit(1)', 'console.log(1)', 'console.error(2)']) {
        const config = join(await makeFolder(), 'config')
        const command = `${process.execPath} -e '${script};//sesame'`
        await writeFile(config, `${make(`credential_process = ${command}`)}\n`)
        useChain({ AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '', AWS_CONFIG_FILE: config })
        const error = await refusal(openBroker().session('startup__a', {}))
        expect(error.code).toBe('NO_CREDENTIALS')
        expect(inspect(error, { depth: null })).not.toContain('sesame')
      }
    },
  )

  it('are noticed within a minute when somebody writes others into the file', async () => {
    let nowMs = stopClock()
    const file = join(await makeFolder(), 'credentials')
    const write = async (secret: string): Promise<void> =>
      writeFile(
        file,
        `[default]\naws_access_key_id = ${user().accessKeyId}\naws_secret_access_key = ${secret}\n`,
      )
    await write('mistyped')
    useChain({ AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '', AWS_SHARED_CREDENTIALS_FILE: file })
    const broker = openBroker({ now: () => nowMs })
    expect((await refusal(broker.session('startup__a', {}))).message).toContain('SignatureDoesNotMatch')
    await write(user().secretAccessKey)
    nowMs += MINUTE_MS
    expect((await broker.session('startup__a', {})).accountId).toBe(user().accountId)
  })
})
