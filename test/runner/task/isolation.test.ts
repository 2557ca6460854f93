import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { makeHostile, runHostile, SHORT } from './hostile-set.ts'
import { errorOf, isAlive, makeHome, runs, runTask } from './task-run.ts'

describe('a set that reaches out of its task', () => {
  it.each([
    [
      'reads the key file',
      `return (await import('node:fs')).readFileSync(home + '/.dff/key', 'utf8')`,
      /a read of .*\/\.dff\/key/,
    ],
    [
      'reads the database',
      `return (await import('node:fs/promises')).readFile(home + '/.dff/host.db')`,
      /a read of .*\/\.dff\/host\.db/,
    ],
    [
      'reads the socket token',
      `return (await import('node:fs')).createReadStream(home + '/.dff/host.token').toArray()`,
      /a read of .*host\.token/,
    ],
    [
      'reads hidden files beside the script',
      `return (await import('node:fs')).readFileSync(home + '/startup/.env')`,
      /a read of .*\/startup\/\.env/,
    ],
    [
      'reads other files of the home',
      `return (await import('node:fs')).readFileSync(home + '/other.txt')`,
      /a read of .*\/other\.txt/,
    ],
    [
      'climbs out by dots',
      `return (await import('node:fs')).readFileSync(home + '/startup/../.dff/key')`,
      /a read of .*\.dff\/key/,
    ],
    ['lists the home', `return (await import('node:fs')).readdirSync(home)`, /a read of /],
    [
      'reads the environment of another process',
      `return (await import('node:fs')).readFileSync('/proc/1/environ', 'latin1')`,
      /a read of \/proc\/1\/environ/,
    ],
    [
      'reads the environment of its host',
      'return (await import("node:fs")).readFileSync(`/proc/${process.ppid}/environ`)',
      /a read of \/proc\/\d+\/environ/,
    ],
    [
      'writes a file',
      `(await import('node:fs')).writeFileSync(home + '/startup/mine.ts', 'x')`,
      /a write to .*\/startup\/mine\.ts/,
    ],
    [
      'writes through its own folder',
      `(await import('node:fs')).appendFileSync(home + '/startup/test_set.ts', 'x')`,
      /a write to /,
    ],
    [
      'starts a program by the back door',
      `process.getBuiltinModule('node:child_process').execFileSync('/bin/true')`,
      /a start of the program \/bin\/true/,
    ],
    [
      'starts a shell',
      `process.getBuiltinModule('node:child_process').execSync('id')`,
      /a start of the program/,
    ],
    [
      'starts a thread by the back door',
      `new (process.getBuiltinModule('node:worker_threads').Worker)('1', { eval: true })`,
      /a start of a thread/,
    ],
    [
      'opens a debugger',
      `new (process.getBuiltinModule('node:inspector').Session)().connect()`,
      /a start of the debugger/,
    ],
    ['opens SQLite', `return import('node:sqlite')`, /an import of node:sqlite/],
    [
      'requires its way out',
      `return (await import('node:module')).createRequire(import.meta.url)('child_process')`,
      /an import of child_process/,
    ],
    [
      'hides what it did in an error of its own',
      `try { (await import('node:fs')).readFileSync('/etc/shadow') } catch (cause) { throw new Error('oops', { cause }) }`,
      /a read of \/etc\/shadow/,
    ],
  ])('fails by name when it %s', async (_title, body, attempt) => {
    const ran = await runHostile(body)
    const error = errorOf(ran)
    expect(error).toMatchObject({ kind: 'failed', code: 'ISOLATION' })
    expect(error.text).toMatch(attempt)
    expect(error.place).toMatch(/^set_a\/main\.ts|^startup__test_set$/)
    expect(ran.outcome).toMatchObject({ exceptionType: 'ISOLATION' })
  })

  it('sees no neighbours from a script that lies among the files of the host', async () => {
    const body = `return (await import('node:fs')).readFileSync(new URL('key', import.meta.url))`
    const home = await makeHome('', { files: { '.dff/key': 'k', '.dff/x.ts': runs(body) } })
    const ran = await runTask(home, { start: { scriptPath: join(home.root, '.dff', 'x.ts') } })
    expect(errorOf(ran)).toMatchObject({ code: 'ISOLATION', text: /a read of .*\/\.dff\/key/ })
  })

  it('finds no SQLite behind the back door either', async () => {
    const ran = await runHostile(`return typeof process.getBuiltinModule('node:sqlite')`)
    expect(ran.outcome).toMatchObject({ value: { returnValue: 'undefined' } })
  })

  it('sees nothing of the environment of its host but what it needs', async () => {
    const env = {
      PATH: '/bin',
      HOME: '/root',
      AWS_ACCESS_KEY_ID: 'AKIAX',
      AWS_SECRET_ACCESS_KEY: 'secret',
      AWS_SESSION_TOKEN: 'token',
      AWS_PROFILE: 'p',
      AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: '/x',
      DFF_SECRET_KEY: 'k',
      DFF_HOME: '/h',
      NODE_OPTIONS: '--no-permission',
      AWS_ENDPOINT_URL: 'http://127.0.0.1:1',
      AWS_ENDPOINT_URL_STS: 'http://127.0.0.1:2',
      https_proxy: 'http://127.0.0.1:3',
    }
    const ran = await runHostile('return process.env', { env })
    expect(ran.outcome).toMatchObject({
      value: {
        returnValue: {
          AWS_ENDPOINT_URL: 'http://127.0.0.1:1',
          AWS_ENDPOINT_URL_STS: 'http://127.0.0.1:2',
          https_proxy: 'http://127.0.0.1:3',
          TZ: 'UTC',
          NO_COLOR: '1',
          AWS_EC2_METADATA_DISABLED: 'true',
        },
      },
    })
    const names =
      ran.outcome.kind === 'done' && ran.outcome.value.mode === 'run' ? ran.outcome.value.returnValue : {}
    expect(Object.keys(names ?? {})).toHaveLength(6)
  })

  it('leaves nothing behind that it was not allowed to write', async () => {
    const home = await makeHostile(
      `await (await import('node:fs/promises')).writeFile(home + '/mark', '').catch(() => {})`,
    )
    await runTask(home, { limits: SHORT })
    expect(existsSync(join(home.root, 'mark'))).toBe(false)
  })
})

describe('a set that prints', () => {
  const secretAccessKey = 'wJalr/XUtn+FEMI/K7MDENG=='

  it('cannot show the secrets that it was given, in any spelling, wherever they turn up', async () => {
    const session = {
      accountId: '1',
      arn: 'a',
      partition: 'aws',
      accessKeyId: 'ASIAX',
      secretAccessKey,
      sessionToken: 'tok+en/value',
    }
    const ran = await runHostile(
      `const { secretAccessKey: key, sessionToken: token } = await context.credentials({})
      console.log(key, JSON.stringify({ key }), encodeURIComponent(key), token)
      process.stderr.write(key.slice(0, 9)); process.stderr.write(key.slice(9) + '\\n')
      console.log('x'.repeat(2990) + key)
      console.log('POST https://host/v1/write/metric?token=tkn_0123456789&x=1')
      context.report({ code: 'c', severity: 'error', scope: key, message: 'used ' + token })
      const error = new Error('refused ' + key); error.name = token
      throw error`,
      { onRequest: () => Promise.resolve(session), secretsInUse: () => ['another-secret'] },
    )
    const everything = JSON.stringify(ran)
    for (const part of ['wJalr', 'K7MDENG', 'tok+en', 'tok%2B', 'tkn_0123'])
      expect(everything).not.toContain(part)
    expect(ran.lines).toContain('***** {"key":"*****"} ***** *****')
    expect(ran.lines).toContain('*****')
    expect(ran.lines).toContain('POST https://host/v1/write/metric?token=*****&x=1')
    expect(ran.problems).toMatchObject([{ scope: '*****', message: 'used *****' }])
  })

  it('shows no part of a secret that a library cut off or that is cut here', async () => {
    const session = { accountId: '1', arn: 'a', partition: 'aws', accessKeyId: 'A', secretAccessKey }
    for (const [before, what] of [
      [490, 'an error'],
      [3_995, 'a part of an error'],
      [1_995, 'a problem'],
    ] as const) {
      const ran = await runHostile(
        `const { secretAccessKey: key } = await context.credentials({})
        const text = 'x'.repeat(${before}) + key + 'y'.repeat(50)
        context.report({ code: 'c', severity: 'error', scope: 's', message: text })
        const error = new Error(text)
        error.stack = 'z'.repeat(31_995 - ${before}) + text
        throw error`,
        { onRequest: () => Promise.resolve(session) },
      )
      expect(`${what}: ${JSON.stringify(ran)}`).not.toMatch(/wJal|K7MD/)
    }
  })

  it('cannot hand a secret back as its result', async () => {
    const ran = await runHostile(
      `return { list: ['key ' + (await context.credentials({})).secretAccessKey] }`,
      {
        onRequest: () =>
          Promise.resolve({ accountId: '1', arn: 'a', partition: 'aws', accessKeyId: 'A', secretAccessKey }),
      },
    )
    expect(ran.outcome).toMatchObject({ value: { returnValue: { list: ['key *****'] } } })
  })

  it('leaves the first 20,000 and the last 30,000 characters of five megabytes', async () => {
    const ran = await runHostile(
      'for (let i = 0; i < 100_000; i += 1) console.log(`line ${i} ${"x".repeat(40)}`)',
    )
    expect(ran.outcome.kind).toBe('done')
    const text = ran.lines.join('\n')
    expect(text.length).toBeGreaterThan(49_500)
    expect(text.length).toBeLessThan(50_200)
    expect(ran.lines[0]).toMatch(/^line 0 x/)
    expect(ran.lines.at(-1)).toMatch(/^line 99999 x/)
    expect(
      ran.lines.filter((line) => /^… \d+ lines \(\d+ characters\) left out here …$/.test(line)),
    ).toHaveLength(1)
  })

  it('is ended at its deadline although it prints for ever', async () => {
    const home = await makeHostile(`for (;;) console.log('x'.repeat(1000))`, '{ timeout: 1 }')
    const ran = await runTask(home, { limits: SHORT })
    expect(ran.outcome.kind).toBe('timeout')
    expect(ran.lines.join('\n').length).toBeLessThan(51_000)
    expect(isAlive(ran.pid)).toBe(false)
  })
})
