import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { errorOf, makeHome, type Ran, runs, runTask, type TaskHome } from './task-run.ts'

/** Files of a host beside the script, as in a real home; `.env` and `.dff` hold what a task must not see. */
const FILES = {
  '.dff/key': 'k'.repeat(32),
  '.dff/host.db': 'SQLite format 3',
  '.dff/host.token': 'socket-token',
  'startup/.env': 'AWS_SECRET_ACCESS_KEY=x',
  'other.txt': 'private',
}

const SHORT = { graceMs: 200, killMs: 200 }

/** A set that does this, behind a Startup script that looks harmless. */
async function makeHostile(body: string, options?: string): Promise<TaskHome> {
  const main = `export async function collect(context: any, home: string): Promise<any> {\n${body}\n}`
  const script = `import { collect } from 'guance-aws-lambda/sets/set_a'
${runs(`return await collect(context, '@HOME@')`, options)}`
  const home = await makeHome('', { files: FILES, sets: { set_a: { 'main.ts': main } } })
  const { writeFile } = await import('node:fs/promises')
  await writeFile(home.scriptPath, script.replace('@HOME@', home.root))
  return home
}

async function runHostile(body: string, overrides: Parameters<typeof runTask>[1] = {}): Promise<Ran> {
  return runTask(await makeHostile(body), { limits: SHORT, ...overrides })
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

describe('a set that reaches out of its task', () => {
  it.each([
    ['reads the key file', `return (await import('node:fs')).readFileSync(home + '/.dff/key', 'utf8')`, /a read of .*\/\.dff\/key/],
    ['reads the database', `return (await import('node:fs/promises')).readFile(home + '/.dff/host.db')`, /a read of .*\/\.dff\/host\.db/],
    ['reads the socket token', `return (await import('node:fs')).createReadStream(home + '/.dff/host.token').toArray()`, /a read of .*host\.token/],
    ['reads hidden files beside the script', `return (await import('node:fs')).readFileSync(home + '/startup/.env')`, /a read of .*\/startup\/\.env/],
    ['reads other files of the home', `return (await import('node:fs')).readFileSync(home + '/other.txt')`, /a read of .*\/other\.txt/],
    ['climbs out by dots', `return (await import('node:fs')).readFileSync(home + '/startup/../.dff/key')`, /a read of .*\.dff\/key/],
    ['lists the home', `return (await import('node:fs')).readdirSync(home)`, /a read of /],
    ['reads the environment of another process', `return (await import('node:fs')).readFileSync('/proc/1/environ', 'latin1')`, /a read of \/proc\/1\/environ/],
    ['reads the environment of its host', 'return (await import("node:fs")).readFileSync(`/proc/${process.ppid}/environ`)', /a read of \/proc\/\d+\/environ/],
    ['writes a file', `(await import('node:fs')).writeFileSync(home + '/startup/mine.ts', 'x')`, /a write to .*\/startup\/mine\.ts/],
    ['writes through its own folder', `(await import('node:fs')).appendFileSync(home + '/startup/test_set.ts', 'x')`, /a write to /],
    ['starts a program by the back door', `process.getBuiltinModule('node:child_process').execFileSync('/bin/true')`, /a start of the program \/bin\/true/],
    ['starts a shell', `process.getBuiltinModule('node:child_process').execSync('id')`, /a start of the program/],
    ['starts a thread by the back door', `new (process.getBuiltinModule('node:worker_threads').Worker)('1', { eval: true })`, /a start of a thread/],
    ['opens a debugger', `new (process.getBuiltinModule('node:inspector').Session)().connect()`, /a start of the debugger/],
    ['opens SQLite', `return import('node:sqlite')`, /an import of node:sqlite/],
    ['requires its way out', `return (await import('node:module')).createRequire(import.meta.url)('child_process')`, /an import of child_process/],
    ['hides what it did in an error of its own', `try { (await import('node:fs')).readFileSync('/etc/shadow') } catch (cause) { throw new Error('oops', { cause }) }`, /a read of \/etc\/shadow/],
  ])('fails by name when it %s', async (_title, body, attempt) => {
    const ran = await runHostile(body)
    const error = errorOf(ran)
    expect(error).toMatchObject({ kind: 'failed', code: 'ISOLATION' })
    expect(error.text).toMatch(attempt)
    expect(error.place).toMatch(/^set_a\/main\.ts|^startup__test_set$/)
    expect(ran.outcome).toMatchObject({ exceptionType: 'ISOLATION' })
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
    const names = ran.outcome.kind === 'done' && ran.outcome.value.mode === 'run' ? ran.outcome.value.returnValue : {}
    expect(Object.keys(names ?? {})).toHaveLength(6)
  })

  it('leaves nothing behind that it was not allowed to write', async () => {
    const home = await makeHostile(`await (await import('node:fs/promises')).writeFile(home + '/mark', '').catch(() => {})`)
    await runTask(home, { limits: SHORT })
    expect(existsSync(join(home.root, 'mark'))).toBe(false)
  })
})

describe('a set that prints', () => {
  const secretAccessKey = 'wJalr/XUtn+FEMI/K7MDENG=='

  it('cannot show the secrets that it was given, in any spelling, wherever they turn up', async () => {
    const session = { accountId: '1', arn: 'a', partition: 'aws', accessKeyId: 'ASIAX', secretAccessKey, sessionToken: 'tok+en/value' }
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
    for (const part of ['wJalr', 'K7MDENG', 'tok+en', 'tok%2B', 'tkn_0123']) expect(everything).not.toContain(part)
    expect(ran.lines).toContain('***** {"key":"*****"} ***** *****')
    expect(ran.lines).toContain('*****')
    expect(ran.lines).toContain('POST https://host/v1/write/metric?token=*****&x=1')
    expect(ran.problems).toMatchObject([{ scope: '*****', message: 'used *****' }])
  })

  it('cannot hand a secret back as its result', async () => {
    const ran = await runHostile(`return { list: ['key ' + (await context.credentials({})).secretAccessKey] }`, {
      onRequest: () =>
        Promise.resolve({ accountId: '1', arn: 'a', partition: 'aws', accessKeyId: 'A', secretAccessKey }),
    })
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
    expect(ran.lines.filter((line) => /^… \d+ lines \(\d+ characters\) left out here …$/.test(line))).toHaveLength(1)
  })

  it('is ended at its deadline although it prints for ever', async () => {
    const home = await makeHostile(`for (;;) console.log('x'.repeat(1000))`, '{ timeout: 1 }')
    const ran = await runTask(home, { limits: SHORT })
    expect(ran.outcome.kind).toBe('timeout')
    expect(ran.lines.join('\n').length).toBeLessThan(51_000)
    expect(isAlive(ran.pid)).toBe(false)
  })
})

describe('a set that does not end', () => {
  it.each([
    ['loops for ever', `for (;;);`],
    ['loops for ever and handles SIGTERM', `process.on('SIGTERM', () => {}); for (;;);`],
    ['waits for ever, whatever it is told', `process.on('SIGTERM', () => {}); process.on('disconnect', () => {}); await new Promise(() => setInterval(() => {}, 1e6))`],
    ['claims success when it is told to stop', `await new Promise((done) => context.signal.addEventListener('abort', done)); return 'fine'`],
    ['claims another failure when it is told to stop', `await new Promise((done) => context.signal.addEventListener('abort', done)); throw new Error('mine')`],
  ])('times out when it %s', async (_title, body) => {
    const home = await makeHostile(body, '{ timeout: 1 }')
    const ran = await runTask(home, { limits: SHORT })
    expect(errorOf(ran)).toMatchObject({ kind: 'timeout', code: 'TASK_TIMEOUT', text: /the function to end within 1 s/ })
    expect(ran.elapsedMs).toBeLessThan(5_000)
    expect(isAlive(ran.pid)).toBe(false)
  })

  it('ends when the host wants it to, as a failure that says so', async () => {
    const abort = new AbortController()
    const ran = await runHostile(`for (;;);`, { signal: abort.signal, onLoaded: () => abort.abort() })
    expect(errorOf(ran)).toMatchObject({ kind: 'failed', code: 'TASK_FAILED', text: /a stop asked for by the host/ })
  })

  it('keeps its result when it ends in good order after the request to stop', async () => {
    const abort = new AbortController()
    const ran = await runHostile(
      `await new Promise((done) => context.signal.addEventListener('abort', done)); return 'in order'`,
      { signal: abort.signal, onLoaded: () => abort.abort() },
    )
    expect(ran.outcome).toMatchObject({ kind: 'done', value: { returnValue: 'in order' } })
  })

  it('is never started when the host has already been told to stop', async () => {
    const ran = await runHostile('return 1', { signal: AbortSignal.abort() })
    expect(errorOf(ran)).toMatchObject({ code: 'TASK_FAILED' })
    expect(ran.pid).toBe(0)
  })
})

describe('a set that breaks its process', () => {
  it.each([
    ['exits with 0', `process.exit(0)`, /\(exit code 0\) without one/],
    ['exits with 3', `process.exit(3)`, /\(exit code 3\) without one/],
    ['kills itself', `process.kill(process.pid, 'SIGSEGV'); await new Promise(() => setInterval(() => {}, 1e6))`, /\(signal SIGSEGV\) without one/],
    ['closes its channel and wants to stay', `process.removeAllListeners('disconnect'); process.disconnect(); await new Promise(() => setInterval(() => {}, 1e6))`, /\(signal SIGKILL\) without one/],
    ['closes its channel', `process.disconnect(); await new Promise(() => setInterval(() => {}, 1e6))`, /\(signal SIGKILL\) without one/],
  ])('fails by name when it %s', async (_title, body, text) => {
    const error = errorOf(await runHostile(body))
    expect(error).toMatchObject({ kind: 'failed', code: 'TASK_FAILED', text })
  })

  it('fails by name when its heap is full', async () => {
    const error = errorOf(await runHostile(`const all = []; for (;;) all.push({ text: String(Math.random()) })`))
    expect(error).toMatchObject({ code: 'TASK_FAILED', text: /less memory than 256 MB of JavaScript heap/ })
  })

  it.runIf(process.platform === 'linux')('fails by name when its buffers grow without bound', async () => {
    const body = `const all = []; for (;;) { all.push(Buffer.alloc(8e6, 1)); await new Promise((done) => setTimeout(done, 5)) }`
    const error = errorOf(await runHostile(body, { limits: { ...SHORT, residentMb: 300 } }))
    expect(error).toMatchObject({ code: 'TASK_FAILED', text: /less memory than 300 MB/ })
  })

  it.each([
    ['a text', `'hello'`],
    ['nothing', `null`],
    ['a list', `[{ kind: 'done' }]`],
    ['a kind that every object has', `{ kind: 'constructor' }`],
    ['a result of another shape', `{ kind: 'done', value: { mode: 'run', returnValue: new Map() } }`],
    ['a result with more in it', `{ kind: 'done', value: { mode: 'run', returnValue: 1, record: {} } }`],
    ['a result of another mode', `{ kind: 'done', value: { mode: 'inspect' } }`],
    ['a second list of functions', `{ kind: 'loaded', functions: [] }`],
    ['a request for another thing', `{ kind: 'request', requestId: 1, body: { kind: 'secret', name: 'x' } }`],
    ['a batch of another category', `{ kind: 'request', requestId: 1, body: { kind: 'commit', state: {}, batches: [{ category: '../x', points: 1, rawBytes: 1, body: new Uint8Array(1), contents: [] }] } }`],
    ['a batch of negative size', `{ kind: 'request', requestId: 1, body: { kind: 'commit', state: {}, batches: [{ category: 'metric', points: -1, rawBytes: 1, body: new Uint8Array(1), contents: [] }] } }`],
    ['state that is not JSON', `{ kind: 'request', requestId: 1, body: { kind: 'commit', state: { a: new Date() }, batches: [] } }`],
    ['a loop', `(() => { const a = { kind: 'usage' }; a.usage = a; return a })()`],
    ['a code that does not exist', `{ kind: 'failed', error: { code: 'toString', place: '', expected: '', got: '', remedy: '' }, exceptionType: '', stack: '' }`],
  ])('is ended when it sends %s', async (_title, message) => {
    const ran = await runHostile(`process.send(${message}); await new Promise(() => setInterval(() => {}, 1e6))`)
    expect(errorOf(ran)).toMatchObject({ code: 'ISOLATION', text: /only messages of the task protocol/ })
    expect(ran.requests).toEqual([])
    expect(isAlive(ran.pid)).toBe(false)
  })

  it('is ended when it reports before it has loaded', async () => {
    const home = await makeHome(`process.send({ kind: 'done', value: { mode: 'run', returnValue: 1 } }); await new Promise(() => setInterval(() => {}, 1e6))`)
    const error = errorOf(await runTask(home, { limits: SHORT }))
    expect(error).toMatchObject({ code: 'ISOLATION', text: /kind done before the script had loaded/ })
  })

  it('is ended when it floods the host with requests', async () => {
    const body = `for (let i = 0; i < 200; i += 1) process.send({ kind: 'request', requestId: i, body: { kind: 'load', key: 'a' } })
      await new Promise(() => setInterval(() => {}, 1e6))`
    const onRequest = (): Promise<undefined> =>
      new Promise((resolve) => {
        setTimeout(() => resolve(undefined), 300)
      })
    const ran = await runHostile(body, { onRequest })
    expect(errorOf(ran)).toMatchObject({ code: 'ISOLATION', text: /more than 64 requests at once/ })
    expect(ran.requests).toHaveLength(64)
  })

  it('is ended when it floods the host with reports, of which it keeps a thousand', async () => {
    const body = `const problem = { kind: 'problem', problem: { code: 'c', severity: 'error', scope: '', message: '' } }
      for (;;) { for (let i = 0; i < 1000; i += 1) process.send(problem); await new Promise((done) => setImmediate(done)) }`
    const ran = await runHostile(body)
    expect(errorOf(ran)).toMatchObject({ code: 'ISOLATION', text: /more than 100000 messages/ })
    expect(ran.problems).toHaveLength(1_000)
  })
})
