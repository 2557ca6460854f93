import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expectGolden } from '../golden.ts'
import { openShell, type Shell } from './dff.ts'

let shell: Shell
const startup = (): string => join(shell.home, 'startup/guance_aws_lambda.ts')

/** What a reader sees, without what differs from run to run. */
function normalise(text: string): string {
  return text
    .replaceAll(shell.home, 'HOME')
    .replaceAll(shell.info.url, 'SIMULATOR')
    .replaceAll(/127\.0\.0\.1:\d+/g, 'LOOPBACK')
    .replaceAll(/task [0-9a-z-]{16,}/g, 'task ID')
}

async function transcript(...commands: readonly (readonly string[])[]): Promise<string> {
  let text = ''
  for (const args of commands) {
    const { code, stdout, stderr } = await shell.dff(...args)
    // A test of a connector answers on stdout; what exec prints there differs from run to run.
    const answer = args[1] === 'test' ? stdout : ''
    text += `$ dff ${args.join(' ')}\n${answer}${stderr}exit ${code}\n\n`
  }
  // An error shows only the end of a key id.
  return normalise(text)
    .replaceAll(shell.keyId, 'AKID')
    .replaceAll(`AKIA*****${shell.keyId.slice(-4)}`, 'AKIA*****KEND')
}

beforeAll(async () => {
  shell = await openShell('--functions', '24', '--regions', '1')
})

afterAll(async () => {
  await shell[Symbol.asyncDispose]()
})

describe('bad input', () => {
  it('is refused by install with the place, what was expected, what came and what to do', async () => {
    const install = ['install', 'guance_aws_lambda', '--yes']
    const text = await transcript(
      ['install', 'guance_aws_lamda', '--yes'],
      ['market', 'show', 'nothing_like_it'],
      [...install, '-p', 'regions=us-esat-1'],
      [...install, '-p', `ak_id=${shell.keyId}`],
      [...install, '-p', 'ak_id=', '-p', 'ak_secret=env:AK_SECRET'],
      [...install, '-p', 'ak_id=not a key', '-p', 'ak_secret=env:AK_SECRET'],
      [...install, '-p', 'ak_id=AKIA0123456789ABCDEF', '-p', 'ak_secret=env:NOT_SET'],
      [...install, '-p', 'ak_secrt=env:AK_SECRET'],
      [...install, '-p', 'external_id=abc'],
      [...install, '--params', join(shell.home, 'missing.json')],
      ['deploy', 'guance_aws_lambda'],
      ['exec', 'guance_aws_lambda'],
      ['no-such-command'],
      ['exec'],
    )
    expectGolden(text, new URL('golden/bad-install.txt', import.meta.url))
    expect(existsSync(startup())).toBe(false)
    expect(await shell.dff('market', 'list')).toMatchObject({ code: 0 })
  })

  it('is refused in triggers, connectors and secrets', async () => {
    await shell.dff('install', 'guance_aws_lambda', ...shell.keyFlags, '--deploy')
    const trigger = 'cron-startup-guance_aws_lambda'
    const text = await transcript(
      ['trigger', 'set', trigger, '--cron', '61 * * * *'],
      ['trigger', 'set', trigger, '--cron', '* * *'],
      ['trigger', 'set', trigger, '--cron', '*/5 * * * *', '--timezone', 'Asia/Shangai'],
      ['trigger', 'enable', 'cron-startup-nothing'],
      ['task', 'show', 'nothing'],
      ['connector', 'set', 'default', '--type', 'datakitt', '--url', 'http://127.0.0.1:9529'],
      ['connector', 'set', 'default', '--type', 'datakit', '--url', 'http://169.254.169.254'],
      ['connector', 'set', 'default', '--type', 'dataway', '--url', 'https://openway.guance.com'],
      ['secret', 'set', 'x', 'env:NOT_SET'],
    )
    expectGolden(text, new URL('golden/bad-settings.txt', import.meta.url))
    expect((await shell.dff('trigger', 'list', '--json')).stdout).toContain('"cronOverride": null')
  })

  it('is refused when a Startup script cannot be loaded, and the record says why', async () => {
    await shell.dff('install', 'guance_aws_lambda', ...shell.keyFlags, '--deploy', '--force')
    const head = "import { DFF } from 'guance-aws-lambda/dff'\n"
    const cloudwatch = "import { CloudwatchCollector } from 'guance-aws-lambda/sets/guance_aws_cloudwatch'\n"
    const bodies = {
      'a syntax error': `${head}export const run = DFF.API('x', {}, async () => {\n`,
      'unsupported TypeScript': `${head}enum Colour { Red }\nexport const run = DFF.API('x', {}, async () => Colour.Red)\n`,
      'no API function': `${head}export const run = async (): Promise<void> => {}\n`,
      'an import that cannot be resolved': "import { x } from 'left-pad'\nexport const run = x\n",
      'a set that is not installed':
        "import { x } from 'guance-aws-lambda/sets/guance_aws_nothing'\nexport const run = x\n",
      'an unknown metric': `${head}${cloudwatch}CloudwatchCollector({}, { regions: ['us-east-1'], targets: [{ namespace: 'AWS/Lambda', metrics: ['Invocatons'] }] })\n`,
      'a literal secret': `${head}${cloudwatch}CloudwatchCollector({ ak_id: 'AKIA0123456789ABCDEF', ak_secret: 'literal-secret-value' } as never, { regions: ['us-east-1'], targets: [{ namespace: 'AWS/Lambda', metrics: 'ALL' }] })\n`,
      'cloud_provider in extra_tags': `${head}${cloudwatch}CloudwatchCollector({ extra_tags: { cloud_provider: 'x' } }, { regions: ['us-east-1'], targets: [{ namespace: 'AWS/Lambda', metrics: 'ALL' }] })\n`,
      'an unknown time zone': `${head}export const run = DFF.API('x', { timezone: 'Mars/Olympus', fixedCronExpr: '* * * * *' }, async () => null)\n`,
    }
    let text = ''
    for (const [title, body] of Object.entries(bodies)) {
      writeFileSync(startup(), body)
      const { code, stderr } = await shell.dff('exec', 'guance_aws_lambda')
      text += `# ${title}\n${normalise(stderr)}exit ${code}\n\n`
    }
    expectGolden(text, new URL('golden/bad-startup.txt', import.meta.url))
    expect(text).not.toContain('literal-secret-value')
    const refused = await shell.dff('deploy', 'guance_aws_lambda')
    expect(refused.code).toBe(2)
    expect(refused.stderr).toContain('--force')
    expect(await shell.dff('deploy', 'guance_aws_lambda', '--force')).toMatchObject({ code: 0 })
    expect(readdirSync(join(shell.home, 'startup')).some((name) => name.includes('kept'))).toBe(true)
  })

  it('is a secret of one’s own until it is granted with the command that the error names', async () => {
    await shell.dff('install', 'guance_aws_lambda', ...shell.keyFlags, '--deploy', '--force')
    writeFileSync(startup(), readFileSync(startup(), 'utf8').replace('guance_aws_lambda.ak_secret', 'mine'))
    await shell.dff('secret', 'set', 'mine', 'env:AK_SECRET')
    const refused = await shell.dff('exec', 'guance_aws_lambda')
    expect(refused.code).not.toBe(0)
    expect(refused.stderr).toContain('dff secret set mine --grant guance_aws_lambda')
    await shell.dff('secret', 'set', 'mine', 'env:AK_SECRET', '--grant', 'guance_aws_lambda')
    expect(await shell.dff('exec', 'guance_aws_lambda')).toMatchObject({ code: 0 })
  })

  it('is refused by AWS and by the sink with what to do about it', async () => {
    const text = await transcript(
      [
        'install',
        'guance_aws_lambda',
        '-p',
        'ak_id=AKIAWRONGWRONGWRONG1',
        '-p',
        'ak_secret=env:AK_SECRET',
        '--deploy',
        '--force',
      ],
      ['exec', 'guance_aws_lambda'],
      [
        'install',
        'guance_aws_lambda',
        '-p',
        `ak_id=${shell.keyId}`,
        '-p',
        'ak_secret=env:WRONG_SECRET',
        '--deploy',
        '--force',
      ],
      ['exec', 'guance_aws_lambda'],
      [
        'connector',
        'set',
        'default',
        '--type',
        'dataway',
        '--url',
        shell.info.datawayUrl,
        '--token',
        'env:AK_SECRET',
      ],
      ['connector', 'test', 'default'],
      ['connector', 'set', 'default', '--type', 'datakit', '--url', 'http://127.0.0.1:9'],
      ['connector', 'test', 'default'],
    )
    expectGolden(text, new URL('golden/bad-credentials.txt', import.meta.url))
    expect(text).not.toContain(shell.secret)
  })

  it('is refused when the home cannot be written', async () => {
    const locked = join(shell.home, 'locked')
    mkdirSync(locked)
    writeFileSync(join(locked, '.dff'), 'a file where a folder belongs')
    chmodSync(locked, 0o500)
    const { code, stderr } = await shell.dff('--home', locked, 'market', 'list')
    chmodSync(locked, 0o700)
    expect(code).toBe(3)
    expect(stderr).toContain(locked)
    expect(readdirSync(locked)).toEqual(['.dff'])
  })
})
