import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { ExecResult } from '../../runner/host-api.ts'
import type { HostStatus } from '../../runner/host-status.ts'
import { TRY_ALL, WAYS_AROUND } from '../runner/task/ways-around.ts'
import { openShell, type Shell } from './dff.ts'

let shell: Shell
let hostPid: number

/** `{ok: …}` for what came back, `{no: code}` for what was refused. */
const SCRIPT = (home: string): string => `import { DFF } from 'guance-aws-lambda/dff'
${TRY_ALL}
const wire = process.getBuiltinModule('node:fs')
export const run = DFF.API('Hostile', {}, async (context) => {
  const home = ${JSON.stringify(home)}
  const refused = async (way) => { try { return { ok: await way() } } catch (error) { return { no: error.code } } }
  return {
    ways: await tryAll(home),
    sqlite: String(process.getBuiltinModule('node:sqlite')),
    otherSecret: await refused(() => context.credentials({ ak_id: 'AKIA0123456789ABCDEF', ak_secret: DFF.SECRET('other') })),
    host: await refused(() => wire.readFileSync('/proc/' + process.ppid + '/cmdline', 'utf8')),
  }
})
`

/** Addresses on which a process listens for TCP, as the kernel knows them (proc_net(5): state 0A). */
function listeningSockets(pid: number): string[] {
  const own = new Set(
    readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? []
      } catch {
        // Closed since it was listed.
        return []
      }
    }),
  )
  return ['tcp', 'tcp6'].flatMap((table) =>
    readFileSync(`/proc/${pid}/net/${table}`, 'utf8')
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter((fields) => fields[3] === '0A' && own.has(fields[9] ?? ''))
      .map((fields) => fields[1] ?? ''),
  )
}

beforeAll(async () => {
  shell = await openShell('--functions', '4', '--regions', '1')
  const key = [...shell.keyFlags]
  await shell.json('install', 'guance_aws_lambda', ...key, '--deploy')
  await shell.json('secret', 'set', 'other', 'env:WRONG_SECRET')
  writeFileSync(join(shell.home, 'startup/guance_aws_lambda.ts'), SCRIPT(shell.home))
  const host = shell.spawn('start', '--json')
  await once(createInterface({ input: host.stdout ?? process.stdin }), 'line')
  host.stdout?.resume()
  hostPid = (await shell.json<HostStatus>('status')).pid
})

afterAll(async () => {
  await shell[Symbol.asyncDispose]()
})

describe('a hostile script in a real host', () => {
  it('reads no key, database, secret of others or process, starts nothing and signals nobody', async () => {
    const { code, stdout } = await shell.dff('exec', 'guance_aws_lambda', '--json')
    expect(code).toBe(0)
    const { record } = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as ExecResult
    const { ways, ...others } = record.returnValue as { ways: Record<string, string> }
    expect(Object.keys(ways)).toHaveLength(WAYS_AROUND.length)
    expect(Object.entries(ways).filter(([, result]) => result === 'done')).toEqual([])
    expect(others).toEqual({
      sqlite: 'undefined',
      otherSecret: { no: 'NOT_GRANTED' },
      host: { no: 'ERR_ACCESS_DENIED' },
    })
    expect((await shell.json<HostStatus>('status')).pid).toBe(hostPid)
  })

  it('would open no debugger in the host by a signal either', async () => {
    process.kill(hostPid, 'SIGUSR1')
    // Answered after the signal was delivered, by the same process.
    expect((await shell.json<HostStatus>('status')).pid).toBe(hostPid)
    expect(listeningSockets(hostPid)).toEqual([])
  })

  it('is looked for where a debugger would be found', async () => {
    const child = spawn(process.execPath, ['--inspect=127.0.0.1:0', '-e', 'setInterval(() => {}, 1e6)'])
    onTestFinished(() => void child.kill('SIGKILL'))
    await once(child.stderr, 'data')
    expect(listeningSockets(child.pid ?? 0)).toHaveLength(1)
  })
})
