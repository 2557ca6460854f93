import { closeSync, existsSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import { makeHostile, runHostile, SHORT } from './hostile-set.ts'
import { errorOf, makeHome, runs, runTask } from './task-run.ts'
import { TRY_ALL, WAYS_AROUND } from './ways-around.ts'

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
    [
      'ends its host',
      `process.kill(process.ppid, 'SIGKILL')`,
      new RegExp(`a signal to the process ${process.pid}\\.`),
    ],
    [
      'speaks to the control socket',
      `const { request } = await import('node:http')
       return await new Promise((done, fail) => request({ socketPath: home + '/.dff/host.sock', path: '/call' }, done).on('error', fail).end())`,
      /a use of the local socket .*\/\.dff\/host\.sock/,
    ],
    [
      'loads a native addon',
      `process.dlopen({ exports: {} }, home + '/startup/x.node')`,
      /a load of the native addon/,
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

  it('is refused every way around that is known', async () => {
    const ran = await runHostile(`${TRY_ALL}\nreturn await tryAll(home)`)
    const found =
      ran.outcome.kind === 'done' && ran.outcome.value.mode === 'run' ? ran.outcome.value.returnValue : {}
    const results = Object.entries(found as Readonly<Record<string, string>>)
    expect(results).toHaveLength(WAYS_AROUND.length)
    expect(
      results.filter(
        ([, result]) => !/^(ERR_ACCESS_DENIED|ERR_DLOPEN_DISABLED|SCRIPT_INVALID)$/.test(result),
      ),
    ).toEqual([])
  })

  it('inherits no open file of its host but its output and the channel', async () => {
    const file = openSync(fileURLToPath(import.meta.url), 'r')
    onTestFinished(() => closeSync(file))
    const ran = await runHostile(`const open = []
      for (let fd = 0; fd < 256; fd += 1) try { if (wire.fs.fstatSync(fd).isFile()) open.push(fd) } catch {}
      return open`)
    expect(ran.outcome).toMatchObject({ value: { returnValue: [] } })
  })

  it('sees no neighbours from a script that lies among the files of the host', async () => {
    const body = `return (await import('node:fs')).readFileSync(new URL('key', import.meta.url))`
    const home = await makeHome('', { files: { '.dff/key': 'k', '.dff/x.ts': runs(body) } })
    const ran = await runTask(home, { start: { scriptPath: join(home.root, '.dff', 'x.ts') } })
    expect(errorOf(ran)).toMatchObject({ code: 'ISOLATION', text: /a read of .*\/\.dff\/key/ })
  })

  it('has a heap of its own bound, whatever the memory of the machine', async () => {
    const ran = await runHostile(
      `return process.getBuiltinModule('node:v8').getHeapStatistics().heap_size_limit`,
    )
    const limit =
      ran.outcome.kind === 'done' && ran.outcome.value.mode === 'run' ? ran.outcome.value.returnValue : null
    // 256 MB of old space, and what V8 adds for the young one.
    expect(Number(limit)).toBeLessThan(320 * 1024 ** 2)
    expect(Number(limit)).toBeGreaterThan(256 * 1024 ** 2)
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
