import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Json } from '../../../core/json.ts'
import { parseAssignments } from '../../../runner/cli/form/assignment.ts'
import { selectTexts } from '../../../runner/text/texts.ts'
import { makeWorld } from './double.ts'
import { ENTRY, FORM } from './sample.ts'
import { type Outcome, runScene, type Scene } from './scene.ts'
import { makePrompter } from './scripted-prompter.ts'

const SECRET = 'wJalrXUtnFEMI/K7MDENG'
const KEY = 'AKIAIOSFODNN7EXAMPLE'
let folder = ''

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'dff-form-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

async function install(words: readonly string[], scene: Partial<Scene> = {}): Promise<Outcome> {
  return runScene(['install', 'guance_aws_lambda', ...words], scene)
}

function installed({ world }: Outcome): Record<string, Json> {
  const call = world.calls.find(({ name }) => name === 'install')
  expect(call).toBeDefined()
  return (call as { readonly input: { readonly parameters: Record<string, Json> } }).input.parameters
}

describe('install form', () => {
  it('takes defaults where nothing is given and nobody can be asked', async () => {
    const outcome = await install([])
    expect(installed(outcome)).toEqual({
      account_name: 'AWS_Lambda',
      regions: ['us-east-1'],
      policy: 'mask',
    })
    expect(outcome.code).toBe(0)
  })

  it('reads lists with commas, spaces and several -p, and text with anything in it', async () => {
    const outcome = await install([
      '-p',
      'regions=us-east-1, cn-north-1',
      '-p',
      'regions=eu-west-1',
      '-p',
      'account_name=生产 "A", B=C',
    ])
    expect(installed(outcome)).toEqual({
      account_name: '生产 "A", B=C',
      regions: ['us-east-1', 'cn-north-1', 'eu-west-1'],
      policy: 'mask',
    })
  })

  it('reads a secret from the environment, a file and stdin without its last newline', async () => {
    const path = join(folder, 'secret')
    writeFileSync(path, `${SECRET}\n`)
    const key = ['-p', `ak_id=${KEY}`]
    const outcomes = await Promise.all([
      install([...key, '-p', 'ak_secret=env:AK'], { env: { AK: SECRET } }),
      install([...key, '-p', `ak_secret=file:${path}`]),
      install([...key, '-p', 'ak_secret=-'], { stdin: `${SECRET}\r\n` }),
    ])
    expect(outcomes.map((outcome) => installed(outcome)['ak_secret'])).toEqual([SECRET, SECRET, SECRET])
    expect(outcomes.map(({ stderr }) => stderr)).toEqual(['', '', ''])
  })

  it('takes a literal secret with a warning that does not repeat it', async () => {
    const outcome = await install(['-p', `ak_id=${KEY}`, '-p', `ak_secret=${SECRET}`])
    expect(installed(outcome)['ak_secret']).toBe(SECRET)
    expect(outcome.stderr).toContain('-p ak_secret: the secret is now in this shell')
    expect(outcome.stderr + outcome.stdout).not.toContain(SECRET)
  })

  it('lets -p win over --params and validates both', async () => {
    const path = join(folder, 'params.json')
    writeFileSync(path, JSON.stringify({ account_name: 'file', regions: ['eu-west-1'] }))
    const outcome = await install(['--params', path, '-p', 'account_name=flag'])
    expect(installed(outcome)).toEqual({
      account_name: 'flag',
      regions: ['eu-west-1'],
      policy: 'mask',
    })
    writeFileSync(path, JSON.stringify({ regions: 'eu-west-1' }))
    expect(await install(['--params', path])).toMatchObject({
      code: 2,
      world: { connectors: [{ isImplicit: true }] },
    })
  })

  it('says which required parameters are missing where nobody can be asked', async () => {
    const world = makeWorld()
    const { default: _default, ...regions } =
      (FORM['properties'] as Record<string, Record<string, Json>>)['regions'] ?? {}
    world.entry = { ...ENTRY, parameters: { ...FORM, properties: { regions } } }
    const { code, stderr } = await install(['--yes'], { world, isTTY: true })
    expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining('-p regions=…') })
    expect(world.calls.some(({ name }) => name === 'install')).toBe(false)
  })

  it.each([
    [['-p', 'region=us-east-1'], 'Did you mean regions?'],
    [['-p', 'regions=us-esat-1'], 'us-east-1'],
    [['-p', 'regions=mars-1'], 'known values'],
    [['-p', 'regions'], 'no = in it'],
    [['-p', '=x'], 'no key before ='],
    [['-p', 'regions='], 'regions'],
    [['-p', `ak_id=${KEY}`], 'the key ak_secret'],
    [['-p', 'ak_id=nonsense', '-p', 'ak_secret=env:AK'], 'ak_id'],
    [['-p', 'ak_secret=env:UNSET'], 'the environment variable UNSET to be set'],
    [['-p', 'ak_secret=env:EMPTY'], 'an empty variable'],
    [['-p', 'ak_secret=file:/no/such/file'], '/no/such/file'],
    [['-p', 'ak_secret=-'], 'a secret that is not empty'],
    [
      [
        '-p',
        `ak_id=${KEY}`,
        '-p',
        'ak_secret=-',
        '-p',
        'sink=dataway',
        '-p',
        'sink_url=https://x',
        '-p',
        'sink_token=-',
      ],
      'a second -',
    ],
    [['-p', 'account_name=a', '-p', 'account_name=b'], 'expected one value, got 2'],
    [['-p', 'sink_url=http://127.0.0.1:9529'], 'sink=datakit'],
    [['-p', 'sink=kafka'], 'file, datakit or dataway'],
    [['-p', 'sink=datakit'], 'expected a URL'],
    [['-p', 'sink=datakit', '-p', 'sink_url=ftp://x'], 'expected a URL'],
    [['-p', 'sink=dataway', '-p', 'sink_url=https://x'], 'workspace token'],
    [['-p', 'sink=file', '-p', 'sink_url=https://x'], 'Leave it out'],
    [['-p', 'sink=datakit', '-p', 'sink_url=http://x', '-p', 'sink_token=env:AK'], 'Leave it out'],
    [['--params', '/no/such/params.json'], '/no/such/params.json'],
  ])('refuses %j with exit code 2 and one helpful paragraph, and changes nothing', async (words, part) => {
    const env = { AK: SECRET, EMPTY: '' }
    const stdin = words.includes('sink_token=-') ? SECRET : ''
    const { code, stderr, world } = await install(words, { env, stdin })
    expect(stderr).toContain(part)
    expect(stderr.trimEnd().split('\n')).toHaveLength(1)
    expect(stderr).not.toContain(SECRET)
    expect(code).toBe(2)
    expect(
      world.calls.map(({ name }) => name).filter((name) => /^(install|deploy|connector\.set)$/.test(name)),
    ).toEqual([])
  })

  it('does not quote a parameter file that is not JSON, because it may hold a secret', async () => {
    const path = join(folder, 'broken.json')
    writeFileSync(path, `{"ak_secret": ${SECRET}}`)
    const { code, stderr } = await install(['--params', path])
    expect({ code, hasSecret: stderr.includes('wJalr') }).toEqual({ code: 2, hasSecret: false })
  })

  it('sets the connector by sink, sink_url and sink_token, and only once the set is installed', async () => {
    const { world, stdout } = await install(
      ['-p', 'sink=dataway', '-p', 'sink_url=https://openway.guance.com', '-p', 'sink_token=env:TOKEN'],
      { env: { TOKEN: 'tkn_12345' } },
    )
    const changes = world.calls.filter(({ name }) => /set$|^install$/.test(name))
    expect(changes).toMatchObject([
      { name: 'install' },
      { name: 'connector.set', input: { id: 'default', token: 'tkn_12345', config: { type: 'dataway' } } },
    ])
    expect(stdout).toContain('Data goes to dataway https://openway.guance.com')
    expect(stdout).not.toContain('tkn_12345')
  })

  it('asks what was not given on a terminal, and where the data goes when nothing is set', async () => {
    const prompter = makePrompter({
      'AWS AK ID': KEY,
      'AWS AK SECRET': SECRET,
      'Account name': 'prod',
      Policy: 'probe',
      Critical: '',
      'Role ARN': '',
      'Where shall': 'dataway',
      'URL of DataWay': 'https://openway.guance.com',
      'Workspace token': 'tkn_12345',
    })
    const outcome = await install(['-p', 'regions=eu-west-1'], { isTTY: true, prompter })
    expect(outcome.code).toBe(0)
    expect(installed(outcome)).toEqual({
      ak_id: KEY,
      ak_secret: SECRET,
      account_name: 'prod',
      regions: ['eu-west-1'],
      policy: 'probe',
    })
    expect(prompter.asked).not.toContain(expect.stringContaining('Regions'))
    expect(outcome.world.connectors).toMatchObject([{ config: { type: 'dataway' } }])
  })

  it('does not let the secret of a key be left empty', async () => {
    const prompter = makePrompter({ 'AWS AK ID': KEY, 'AWS AK SECRET': '' })
    await expect(install([], { isTTY: true, prompter })).resolves.toMatchObject({
      stderr: expect.stringContaining('AWS AK SECRET'),
      world: { calls: expect.not.arrayContaining([expect.objectContaining({ name: 'install' })]) },
    })
  })

  it('shows regions by partition and does not ask for a destination that is set', async () => {
    const world = makeWorld()
    world.connectors = [{ id: 'default', config: { type: 'datakit', url: 'http://x' }, isImplicit: false }]
    // No key: its secret is not asked for, nor the external id of a role that is not there.
    const prompter = makePrompter({
      'AWS AK ID': '',
      Account: 'a',
      Regions: ['cn-north-1'],
      Policy: 'mask',
      Critical: '',
      Role: '',
    })
    const outcome = await install([], { isTTY: true, prompter, world })
    expect(installed(outcome)['regions']).toEqual(['cn-north-1'])
    expect(prompter.asked.some((message) => message.startsWith('Where'))).toBe(false)
  })

  it('sends only what was given when the set is installed already, because the host keeps the rest', async () => {
    const world = makeWorld()
    world.entry = { ...ENTRY, installedVersion: '0.0.9', isUpdateWaiting: true }
    const outcome = await install(['-p', 'regions=eu-west-1'], { world })
    expect(installed(outcome)).toEqual({ regions: ['eu-west-1'] })
    const refused = await install(['-p', 'regions=mars-1'], { world })
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('-p regions') })
  })

  it('says where the points go and what to type next', async () => {
    const { stdout } = await install([])
    expect(stdout).toContain('No connector is set')
    expect(stdout.trimEnd().split('\n').at(-1)?.trim()).toBe('dff deploy guance_aws_lambda')
  })
})

describe('-p', () => {
  it('keeps every value as it was typed, whatever is in it', () => {
    const key = fc.stringMatching(/^[a-z_]{1,12}$/)
    fc.assert(
      fc.property(key, fc.string({ unit: 'grapheme' }), (name, value) => {
        const given = parseAssignments([`${name}=${value}`], selectTexts({}))
        expect(given.get(name)).toMatchObject({ kind: 'text', texts: [value] })
      }),
    )
  })
})
