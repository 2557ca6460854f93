import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readdirSync, rmSync, statSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { alignDown, HOUR_MS, MINUTE_MS, SECOND_MS } from '../../core/time.ts'
import type { BackupRow, RestoreResult } from '../../runner/backup/backup-row.ts'
import type { ExecResult } from '../../runner/host-api.ts'
import type { HostStatus } from '../../runner/host-status.ts'
import type { TriggerRow } from '../../runner/trigger/trigger-row.ts'
import { openShell, type Shell } from '../e2e/dff.ts'

/** From then on the quickest functions are final, and from then on all (scripts/guance_aws_cloudwatch/horizon.ts). */
const FIRST_FINAL_MS = 3 * MINUTE_MS
const ALL_FINAL_MS = 19 * MINUTE_MS
/** What is promised of a home that was deleted. */
const WHOLE_AGAIN_MS = 10 * MINUTE_MS
/** A tick comes up to this much after its time. */
const JITTER_MS = 10 * SECOND_MS

let shell: Shell

async function install(): Promise<void> {
  const key = [...shell.keyFlags]
  await shell.json('connector', 'set', 'default', '--type', 'datakit', '--url', shell.info.datakitUrl)
  await shell.json('install', 'guance_aws_lambda', ...key, '--deploy')
}

/** The last line of `exec --json` is its result. */
async function exec(): Promise<ExecResult> {
  const { stdout } = await shell.dff('exec', 'guance_aws_lambda', '--json')
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as ExecResult
}

/** `dff start`, ready once it has said its first word. */
async function start(): Promise<ChildProcess> {
  const host = shell.spawn('start', '--json')
  await once(createInterface({ input: host.stdout ?? process.stdin }), 'line')
  host.stdout?.resume()
  return host
}

async function stop(host: ChildProcess): Promise<void> {
  const gone = once(host, 'exit')
  host.kill('SIGTERM')
  await gone
}

beforeEach(async () => {
  shell = await openShell('--functions', '40', '--regions', '1', '--seed', '5')
})

afterEach(async () => {
  await shell[Symbol.asyncDispose]()
})

describe('a home that was deleted with all that it had not delivered', () => {
  it('is whole again within ten minutes of a new install: three hours of history arrive', async () => {
    await install()
    await shell.control('receiver', { status: 503 })
    expect((await exec()).backlog.waitingPoints).toBeGreaterThan(1_000)
    await shell.control('receiver', { kind: 'ok' })
    for (const name of readdirSync(shell.home)) rmSync(join(shell.home, name), { recursive: true })
    const deletedMs = Date.now()
    await install()
    const [trigger] = await shell.json<readonly TriggerRow[]>('trigger', 'list')
    // Nobody need press a button: the trigger itself comes soon enough.
    expect((trigger?.nextTickMs ?? Infinity) + JITTER_MS - Date.now()).toBeLessThan(
      WHOLE_AGAIN_MS / 2 + JITTER_MS,
    )
    const { record, backlog } = await exec()
    expect(record).toMatchObject({ status: 'success', problems: [] })
    expect(backlog.waitingBatches).toBe(0)
    const nowMs = alignDown(record.startTimeMs ?? 0, MINUTE_MS)
    const window = { startMs: nowMs - 3 * HOUR_MS - FIRST_FINAL_MS, endMs: nowMs - ALL_FINAL_MS }
    const audit = await shell.control('audit', { regions: shell.info.regions, ...window })
    expect(audit).toMatchObject({ missing: 0, wrong: 0, samples: [] })
    expect((audit as { readonly expected: number }).expected).toBeGreaterThan(5_000)
    expect(Date.now() - deletedMs).toBeLessThan(WHOLE_AGAIN_MS / 2)
  }, 120_000)
})

describe('a home with a backup', () => {
  it('is written and put back by commands while its host runs, and after its database was damaged', async () => {
    await install()
    await exec()
    const host = await start()
    const file = join(shell.home, 'back up.db')
    const written = await shell.json<BackupRow>('backup', file)
    expect(written).toMatchObject({ file, home: shell.home, sets: 3, scripts: 1 })
    expect(await shell.dff('backup', file)).toMatchObject({ code: 2 })
    const restored = await shell.json<RestoreResult>('restore', file)
    expect(restored).toMatchObject({ homeId: written.homeId, isHostBack: true })
    expect((await shell.json<HostStatus>('status')).pid).toBe(host.pid)
    await stop(host)

    const database = join(shell.home, '.dff/host.db')
    const { size } = statSync(database)
    const descriptor = openSync(database, 'r+')
    for (let at = 5_000; at < size; at += 3_001) writeSync(descriptor, Buffer.of(0x5a, 0xa5), 0, 2, at)
    closeSync(descriptor)
    expect(await shell.dff('task', 'list')).toMatchObject({ code: 3 })
    const refused = await shell.dff('start')
    expect({ code: refused.code, stdout: refused.stdout }).toEqual({ code: 3, stdout: '' })
    expect(refused.stderr).toMatch(
      /^error .*host\.db: expected .*, got .* Restore a backup with dff restore FILE; .*\n$/,
    )

    expect(await shell.dff('restore', file)).toMatchObject({ code: 0 })
    const second = await start()
    expect((await exec()).record).toMatchObject({ status: 'success' })
    await stop(second)
  }, 120_000)
})
