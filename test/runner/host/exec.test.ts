import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { openClient } from '../../../runner/client.ts'
import { homePaths } from '../../../runner/home.ts'
import type { FormValues, HostClient, HostEvent } from '../../../runner/host-api.ts'
import { type Gate, type Ground, makeGround, openGate, until } from './fixture.ts'

let ground: Ground
let client: HostClient
let gate: Gate

async function deployed(parameters: FormValues): Promise<void> {
  await client.call('install', { setId: 'demo_set', parameters, force: false })
  await client.call('deploy', { setId: 'demo_set', force: false })
}

const EXEC = { target: 'demo_set', atMs: null, debug: false } as const

beforeEach(async () => {
  ground = makeGround()
  gate = await openGate()
  client = await openClient(ground.home, { command: 'test', marketRoot: ground.marketRoot })
})

afterEach(async () => {
  await client.close()
  await gate.close()
  ground.remove()
})

describe('exec', () => {
  it('runs a deployed set to its record, its log and its delivered points', async () => {
    await deployed({ names: ['a', '中 文'] })
    const events: HostEvent[] = []
    const { record, backlog } = await client.call('exec', EXEC, (event) => events.push(event))
    expect(record).toMatchObject({
      status: 'success',
      funcId: 'startup__demo_set.run',
      origin: 'direct',
      points: { custom_object: 2, metric: 2 },
      usage: [{ api: 'demo', requests: 2, billedMetrics: 1 }],
      connector: `file ${join(ground.home, '.dff/output')}`,
    })
    expect(backlog).toMatchObject({ waitingBatches: 0, deadBatches: 0 })
    const streamed = events.flatMap((event) => (event.kind === 'log' ? [event.line.text] : []))
    const { lines } = await client.call('log', { taskId: record.id, follow: false })
    expect(lines.map((line) => line.text)).toEqual(streamed)
    expect(streamed.join('\n')).toContain('committed 4 points, run 1')
    const output = readdirSync(join(ground.home, '.dff/output'))
    const written = output
      .map((name) => readFileSync(join(ground.home, '.dff/output', name), 'utf8'))
      .join('')
    expect(written).toContain('中\\ 文')
  })

  it('keeps state between runs and takes its window from --at', async () => {
    await deployed({ names: ['a'] })
    await client.call('exec', EXEC)
    const { record } = await client.call('exec', { ...EXEC, atMs: 1_700_000_000_000 })
    expect(record.returnValue).toEqual({ count: 2, triggerTimeMs: 1_700_000_000_000 })
  })

  it('tells the script what its sink does with a rewrite, and the window asked for by hand', async () => {
    await deployed({ names: ['a'] })
    const linesOf = async (backfill?: { startMs: number; endMs: number }): Promise<string> => {
      const request = backfill === undefined ? EXEC : { ...EXEC, backfill }
      const { record } = await client.call('exec', request)
      const { lines } = await client.call('log', { taskId: record.id, follow: false })
      return lines.map(({ text }) => text).join('\n')
    }
    expect(await linesOf()).toMatch(
      /sink \{"rewrite":"last","mergesFields":false,"store":"[\da-f]{12}"\}, backfill null/,
    )
    const startMs = Math.floor(Date.now() / 60_000) * 60_000 - 3_600_000
    const endMs = startMs + 600_000
    expect(await linesOf({ startMs: startMs + 1_500, endMs: endMs - 1_500 })).toContain(
      `backfill {"startMs":${startMs},"endMs":${endMs}}`,
    )
    const future = { ...EXEC, backfill: { startMs, endMs: Date.now() + 3_600_000 } }
    await expect(client.call('exec', future)).rejects.toMatchObject({ code: 'BAD_PARAMETER' })
  })

  it('says in the record what the connector was told of its store', async () => {
    await deployed({ names: ['a'] })
    const told = { rewrite: 'max', mergesFields: true, retentionHours: 72 } as const
    const config = { type: 'datakit', url: gate.url, ...told } as const
    await client.call('connector.set', { id: 'default', config, token: null })
    const running = client.call('exec', EXEC)
    await gate.arrived()
    // Whatever else is sent is answered too: delivery would be waited for.
    const opening = setInterval(() => gate.open(), 20)
    onTestFinished(() => clearInterval(opening))
    const { record } = await running
    expect(record.connector).toBe(`datakit ${gate.url} (rewrite max, merges fields, takes 72 h back)`)
    const { lines } = await client.call('log', { taskId: record.id, follow: false })
    expect(lines.map(({ text }) => text).join('\n')).toContain(
      `sink ${JSON.stringify(told).slice(0, -1)},"store":`,
    )
  })

  it('writes nothing with debug', async () => {
    await deployed({ names: ['a'] })
    const { record } = await client.call('exec', { ...EXEC, debug: true })
    expect(record).toMatchObject({ status: 'success', isDebug: true, points: {} })
    const { record: next } = await client.call('exec', EXEC)
    expect(next.returnValue).toMatchObject({ count: 1 })
  })

  it('runs a second Execute after the first, never beside it', async () => {
    await deployed({ names: ['a'], gate: gate.url })
    const notes: string[] = []
    const first = client.call('exec', EXEC)
    await gate.arrived()
    const second = client.call('exec', EXEC, (event) => {
      if (event.kind === 'note') notes.push(event.text)
    })
    await until('the second waits', () => notes.length > 0)
    gate.open()
    const { record } = await first
    await gate.arrived()
    gate.open()
    expect(notes[0]).toContain(record.id)
    expect((await second).record.startTimeMs).toBeGreaterThanOrEqual(record.endTimeMs ?? Infinity)
  })

  it('keeps what a task had committed before it failed', async () => {
    await deployed({ names: ['a'], label: 'fail' })
    const { record, backlog } = await client.call('exec', EXEC)
    expect(record).toMatchObject({ status: 'failure', points: { custom_object: 1, metric: 1 } })
    expect(record.exceptionText).toContain('the demo was told to fail')
    expect(backlog.waitingBatches).toBe(0)
  })

  it('uses a Startup script as the user edited it, and its new schedule', async () => {
    await deployed({ names: ['a'] })
    const path = join(ground.home, 'startup/demo_set.ts')
    const text = readFileSync(path, 'utf8').replace("['a']", "['a', 'b']").replace('*/5 * * * *', '0 4 * * *')
    writeFileSync(path, text)
    const { record } = await client.call('exec', EXEC)
    expect(record.points).toEqual({ custom_object: 2, metric: 2 })
    const [trigger] = await client.call('trigger.list', {})
    expect(trigger).toMatchObject({
      triggerId: 'cron-startup-demo_set',
      fixedCronExpr: '0 4 * * *',
      lastStatus: 'success',
    })
  })

  it('keeps what the user set on a trigger while the script does not declare it', async () => {
    await deployed({ names: ['a'] })
    const triggerId = 'cron-startup-demo_set'
    await client.call('trigger.set', { triggerId, cron: '0 * * * *', timezone: 'Asia/Shanghai' })
    await client.call('trigger.enable', { triggerId, isEnabled: false })
    const before = await client.call('trigger.list', {})
    const path = join(ground.home, 'startup/demo_set.ts')
    const text = readFileSync(path, 'utf8')
    writeFileSync(path, text.replace("fixedCronExpr: '*/5 * * * *', ", ''))
    await client.call('exec', { ...EXEC, debug: true })
    expect(await client.call('trigger.list', {})).toMatchObject([{ triggerId, cronOverride: '0 * * * *' }])
    await client.call('exec', EXEC)
    expect(await client.call('trigger.list', {})).toEqual([])
    writeFileSync(path, text)
    await client.call('exec', EXEC)
    expect(await client.call('trigger.list', {})).toEqual(
      before.map((row) => ({ ...row, lastStatus: 'success' })),
    )
  })

  it('fails a task whose edited schedule cannot be read, naming it', async () => {
    await deployed({ names: ['a'] })
    const path = join(ground.home, 'startup/demo_set.ts')
    writeFileSync(path, readFileSync(path, 'utf8').replace('*/5 * * * *', '99 * * * *'))
    const { record } = await client.call('exec', EXEC)
    expect(record).toMatchObject({ status: 'failure', exceptionType: 'BAD_CRON' })
    expect(record.exceptionText).toContain('startup__demo_set.run: fixedCronExpr')
  })

  it.each([
    ['demo_sett', 'UNKNOWN_TARGET', 'Did you mean demo_set?'],
    ['startup__demo_sat', 'UNKNOWN_TARGET', 'Did you mean startup__demo_set?'],
    ['demo_set', 'NOT_INSTALLED', 'Type dff install demo_set --deploy.'],
    ['', 'UNKNOWN_TARGET', 'dff market list names the sets.'],
  ])('refuses the target "%s" with what to type', async (target, code, remedy) => {
    await expect(client.call('exec', { ...EXEC, target })).rejects.toMatchObject({ code, parts: { remedy } })
  })

  it('refuses an unknown function of a deployed script', async () => {
    await deployed({ names: ['a'] })
    const call = client.call('exec', { ...EXEC, target: 'startup__demo_set.ran' })
    await expect(call).rejects.toMatchObject({
      code: 'UNKNOWN_TARGET',
      parts: { remedy: 'Did you mean startup__demo_set.run?' },
    })
  })

  it('says in the log that a COLLECTOR_THREAD_POOL_SIZE which is no number is not used', async () => {
    await deployed({ names: ['a'] })
    process.env['COLLECTOR_THREAD_POOL_SIZE'] = 'foo'
    onTestFinished(() => void delete process.env['COLLECTOR_THREAD_POOL_SIZE'])
    const { record } = await client.call('exec', EXEC)
    const { lines } = await client.call('log', { taskId: record.id, follow: false })
    expect(record.status).toBe('success')
    expect(lines[0]?.text).toBe(
      'COLLECTOR_THREAD_POOL_SIZE: expected a whole number from 1 up, got "foo"; 5 is used.',
    )
  })

  it('names a Startup script that was deleted', async () => {
    await deployed({ names: ['a'] })
    rmSync(join(ground.home, 'startup/demo_set.ts'))
    const { record } = await client.call('exec', EXEC)
    expect(record).toMatchObject({ status: 'failure', exceptionType: 'NOT_INSTALLED' })
    expect(record.exceptionText).toContain('dff deploy demo_set')
  })

  it('ends its task when the command that owns the home is interrupted, and keeps what was committed', async () => {
    await deployed({ names: ['a'], gate: gate.url })
    const running = client.call('exec', EXEC)
    await gate.arrived()
    const closing = client.close()
    const { record } = await running
    await closing
    expect(record).toMatchObject({ status: 'failure', points: { metric: 1 } })
  })

  it('goes on with its log after lines that could not be written, and says how many are missing', async () => {
    await deployed({ names: ['a'], gate: gate.url, label: 'fail' })
    const database = new DatabaseSync(homePaths(ground.home).database)
    database.exec(
      `CREATE TRIGGER broken BEFORE INSERT ON log_line WHEN new.text LIKE 'label %' BEGIN SELECT RAISE(ABORT, 'no room'); END`,
    )
    database.close()
    const seen: HostEvent[] = []
    const running = client.call('exec', EXEC, (event) => seen.push(event))
    await gate.arrived()
    await until('the log so far', () => JSON.stringify(seen).includes('committed'))
    gate.open()
    const { record } = await running
    const { lines } = await client.call('log', { taskId: record.id, follow: false })
    expect(lines.map((line) => line.text).join('\n')).toContain('the demo was told to fail')
    expect(record.problems).toMatchObject([
      { code: 'log-incomplete', message: expect.stringMatching(/^\d+ lines of the log .*no room/) as string },
    ])
  })

  it('shows a log as it grows', async () => {
    await deployed({ names: ['a'], gate: gate.url })
    const running = client.call('exec', EXEC)
    await gate.arrived()
    const [task] = await client.call('task.list', { limit: 1, funcId: null, status: 'pending' })
    const seen: string[] = []
    const following = client.call('log', { taskId: task?.id ?? '', follow: true }, (event) => {
      if (event.kind === 'log') seen.push(event.line.text)
    })
    await until('lines', () => seen.some((line) => line.includes('committed')))
    gate.open()
    await running
    const { lines, isCut } = await following
    expect(seen).toEqual(lines.map((line) => line.text))
    expect(isCut).toBe(false)
  })
})
