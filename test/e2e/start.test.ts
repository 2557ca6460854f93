import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MINUTE_MS } from '../../core/time.ts'
import type { TaskRecord } from '../../runner/host-api.ts'
import type { HostStatus } from '../../runner/host-status.ts'
import { openShell, type Shell } from './dff.ts'

const TRIGGER = 'cron-startup-guance_aws_lambda'
/** A minute to the next tick, ten seconds of jitter, and what a busy machine adds. */
const TICK_WAIT_MS = 100_000

let shell: Shell

/** `dff start`, ready once it has said its first word. */
async function start(): Promise<ChildProcess> {
  const host = shell.spawn('start', '--json')
  await once(createInterface({ input: host.stdout ?? process.stdin }), 'line')
  host.stdout?.resume()
  return host
}

async function recordsOfTrigger(): Promise<readonly TaskRecord[]> {
  const records = await shell.json<readonly TaskRecord[]>('task', 'list')
  return records.filter(({ triggerId }) => triggerId === TRIGGER)
}

/** Asks until it holds; gives up, with what it saw last, at the deadline. */
async function until(holds: () => Promise<boolean>, limitMs: number): Promise<void> {
  const deadlineMs = Date.now() + limitMs
  while (!(await holds())) {
    if (Date.now() > deadlineMs) throw new Error(`did not come true within ${limitMs} ms`)
    await wait(500)
  }
}

beforeAll(async () => {
  shell = await openShell('--functions', '24', '--regions', '1')
  await shell.json('connector', 'set', 'default', '--type', 'datakit', '--url', shell.info.datakitUrl)
  await shell.json('install', 'guance_aws_lambda', ...shell.keyFlags, '--deploy')
  await shell.json('trigger', 'set', TRIGGER, '--cron', '* * * * *')
})

afterAll(async () => {
  await shell[Symbol.asyncDispose]()
})

describe('dff start', () => {
  it(
    'runs the trigger by itself on time, survives kill -9, and another start continues',
    async () => {
      const first = await start()
      await until(
        async () => (await recordsOfTrigger()).some(({ status }) => status === 'success'),
        TICK_WAIT_MS,
      )
      const [run] = await recordsOfTrigger()
      expect((run?.triggerTimeMs ?? 1) % MINUTE_MS).toBe(0)
      expect((run?.startTimeMs ?? Infinity) - (run?.triggerTimeMs ?? 0)).toBeLessThan(30_000)

      first.kill('SIGKILL')
      await once(first, 'exit')
      const second = await start()
      await shell.json('exec', 'guance_aws_lambda').catch(() => undefined)
      expect((await shell.json<HostStatus>('status')).mode).toBe('start')
      const before = (await recordsOfTrigger()).length
      await until(async () => (await recordsOfTrigger()).length > before, TICK_WAIT_MS)

      second.kill('SIGTERM')
      const [code] = (await once(second, 'exit')) as [number | null]
      expect(code).toBe(0)
      const records = await shell.json<readonly TaskRecord[]>('task', 'list')
      expect(records.filter(({ status }) => status === 'waiting' || status === 'pending')).toEqual([])
    },
    3 * TICK_WAIT_MS,
  )

  it('refuses a second host on the same home and says who holds it', async () => {
    const host = await start()
    const refused = await shell.dff('start')
    expect(refused.code).toBe(3)
    expect(refused.stderr).toContain(String(host.pid))
    host.kill('SIGTERM')
    await once(host, 'exit')
  })

  it('leaves dff exec working with no host', async () => {
    const { code, stdout } = await shell.dff('exec', 'guance_aws_lambda')
    expect({ code, stdout }).toMatchObject({ code: 0 })
  })
})
