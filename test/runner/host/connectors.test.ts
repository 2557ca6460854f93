import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openClient } from '../../../runner/client.ts'
import type { LaneRow } from '../../../runner/host-report.ts'
import type { FormValues, HostClient, TaskRecord } from '../../../runner/host-api.ts'
import { homePaths } from '../../../runner/home.ts'
import { type Loopback, openLoopback } from '../sink/loopback.ts'
import { type Ground, makeGround } from './fixture.ts'

const EXEC = { target: 'demo_set', atMs: null, debug: false } as const

let ground: Ground
let client: HostClient
let staging: Loopback

beforeEach(async () => {
  ground = makeGround()
  staging = await openLoopback()
  client = await openClient(ground.home, { command: 'test', marketRoot: ground.marketRoot })
  await client.call('connector.set', {
    id: 'staging',
    config: { type: 'datakit', url: staging.url, rewrite: 'max' },
    token: null,
  })
})

afterEach(async () => {
  await client.close()
  await staging.close()
  ground.remove()
})

async function deployed(connectorId?: string, parameters: FormValues = { names: ['a'] }): Promise<void> {
  await client.call('install', { setId: 'demo_set', parameters, force: false })
  await client.call('deploy', {
    setId: 'demo_set',
    force: false,
    ...(connectorId === undefined ? {} : { connectorId }),
  })
}

function scriptPath(): string {
  return join(ground.home, 'startup/demo_set.ts')
}

async function logOf({ id }: TaskRecord): Promise<string> {
  const { lines } = await client.call('log', { taskId: id, follow: false })
  return lines.map(({ text }) => text).join('\n')
}

async function laneOf(id: string): Promise<LaneRow | undefined> {
  return (await client.call('status', {})).lanes.find(({ connectorId }) => connectorId === id)
}

/** What an outbox looks like after days without a sink: one batch of this size, dead so that nothing delivers it meanwhile. */
function fill(connectorId: string, bytes: number): void {
  const database = new DatabaseSync(homePaths(ground.home).database)
  database
    .prepare(
      `INSERT INTO batch (sort_key, connector_id, script_id, task_id, category, state, points, raw_bytes, stored_bytes,
         created_at_ms, contents, body)
       VALUES ('0', ?, 'startup__demo_set', 'old', 'metric', 'waiting', 7, 1, ?, 1, '[]', zeroblob(10))`,
    )
    .run(connectorId, bytes)
  database.exec("UPDATE batch SET state = 'dead' WHERE task_id = 'old'")
  database.close()
}

describe('a Startup script deployed with a connector', () => {
  it('sends its points there and nowhere else, and every record says so', async () => {
    await deployed('staging')
    expect(readFileSync(scriptPath(), 'utf8')).toContain("connector: 'staging'")
    const { record, backlog } = await client.call('exec', EXEC)
    expect(record).toMatchObject({
      status: 'success',
      connector: `staging: datakit ${staging.url} (rewrite max)`,
    })
    expect(backlog.waitingBatches).toBe(0)
    expect(staging.seen.map((request) => request.text).join('\n')).toContain('demo,name=a value=1')
    expect(existsSync(join(ground.home, '.dff/output'))).toBe(false)
    expect(await logOf(record)).toContain('sink {"rewrite":"max","mergesFields":false,"store":')
  })

  it('keeps it when it is deployed again, until default is asked for', async () => {
    await deployed('staging')
    await deployed()
    expect(readFileSync(scriptPath(), 'utf8')).toContain("connector: 'staging'")
    await deployed('default')
    expect(readFileSync(scriptPath(), 'utf8')).not.toContain('connector:')
    const { record } = await client.call('exec', EXEC)
    expect(record.connector).toMatch(/^file /)
    expect(readdirSync(join(ground.home, '.dff/output'))).toHaveLength(2)
  })

  it('is refused for a connector that is not set, and leaves nothing behind', async () => {
    await client.call('install', { setId: 'demo_set', parameters: { names: ['a'] }, force: false })
    const deploying = client.call('deploy', { setId: 'demo_set', force: false, connectorId: 'stagin' })
    await expect(deploying).rejects.toMatchObject({
      code: 'UNKNOWN_NAME',
      parts: { remedy: 'Did you mean staging?' },
    })
    expect(existsSync(scriptPath())).toBe(false)
  })
})

describe('a Startup script edited to name a connector', () => {
  function edit(connector: string): void {
    const text = readFileSync(scriptPath(), 'utf8')
    writeFileSync(scriptPath(), text.replace('timeout: 60,', `timeout: 60, connector: '${connector}',`))
  }

  it('sends its points there at the next run, without a deploy', async () => {
    await deployed()
    edit('staging')
    const { record } = await client.call('exec', EXEC)
    expect(record.connector).toBe(`staging: datakit ${staging.url} (rewrite max)`)
    expect(await logOf(record)).toContain('sink {"rewrite":"max","mergesFields":false,"store":')
    expect(staging.seen.length).toBeGreaterThan(0)
  })

  it('fails by name when it is not set, with nothing written', async () => {
    await deployed()
    edit('stagin')
    const { record } = await client.call('exec', EXEC)
    expect(record).toMatchObject({ status: 'failure', exceptionType: 'UNKNOWN_NAME', points: {} })
    expect(record.exceptionText).toContain('startup__demo_set.run: connector: expected one of')
    expect(record.exceptionText).toContain('Did you mean staging?')
  })

  it('may not name what is no id at all', async () => {
    await deployed()
    edit('my connector')
    const { record } = await client.call('exec', EXEC)
    expect(record).toMatchObject({ status: 'failure', exceptionType: 'BAD_PARAMETER' })
  })
})

describe('connectors side by side', () => {
  it('do not wait for each other, and exec speaks of its own alone', async () => {
    staging.answer = () => ({ status: 403, body: '{"error_code":"datakit.invalidToken"}' })
    await deployed('staging')
    const first = await client.call('exec', EXEC)
    expect(first.backlog.waitingBatches).toBe(2)
    expect(first.deliveryError).toBe('403 datakit.invalidToken')
    await deployed('default')
    const second = await client.call('exec', EXEC)
    expect(second).toMatchObject({ backlog: { waitingBatches: 0 }, deliveryError: null })
    expect(await laneOf('staging')).toMatchObject({ delivery: 'stopped', waitingBatches: 2 })
    expect(await laneOf('default')).toMatchObject({ delivery: 'ok', acknowledgedPoints: 2 })
    expect(staging.seen).toHaveLength(1)
  })

  it('of type file have folders of their own', async () => {
    await client.call('connector.set', { id: 'aside', config: { type: 'file' }, token: null })
    await deployed('aside')
    const { record } = await client.call('exec', EXEC)
    const folder = join(ground.home, '.dff/output/aside')
    expect(record.connector).toBe(`aside: file ${folder}`)
    expect(readdirSync(folder)).toHaveLength(2)
    expect(readdirSync(join(ground.home, '.dff/output'))).toEqual(['aside'])
    const report = await client.call('connector.test', { id: 'aside' })
    expect(report.checks).toMatchObject([{ status: 'ok', title: `${folder} can be written` }])
  })

  it('are all examined by doctor, or those that a set uses', async () => {
    await deployed('staging')
    const all = await client.call('doctor', { setId: null })
    expect(all.map(({ target }) => target)).toEqual([
      'host',
      'connector default',
      'connector staging',
      'demo_set',
    ])
    const own = await client.call('doctor', { setId: 'demo_set' })
    expect(own.map(({ target }) => target)).toEqual(['host', 'connector staging', 'demo_set'])
  })

  it('are removed only when no function names them and nothing waits', async () => {
    await deployed('staging')
    const remove = (): Promise<unknown> => client.call('connector.remove', { id: 'staging' })
    await expect(remove()).rejects.toThrow(/one that startup__demo_set\.run names/)
    staging.answer = () => ({ status: 403 })
    await client.call('exec', EXEC)
    await deployed('default')
    await expect(remove()).rejects.toThrow(/2 batches that wait and 0 dead ones/)
    staging.answer = () => ({ status: 200 })
    await client.call('outbox.retry', { batchId: null })
    await client.call('exec', EXEC)
    await remove()
    expect((await client.call('connector.list', {})).map(({ id }) => id)).toEqual(['default'])
    await expect(remove()).rejects.toMatchObject({ code: 'UNKNOWN_NAME' })
  })
})

describe('an outbox near its bound', () => {
  const BOUND = 1024 ** 2

  beforeEach(async () => {
    const config = { type: 'datakit', url: staging.url, maxBacklogMb: 1 } as const
    await client.call('connector.set', { id: 'staging', config, token: null })
    await deployed('staging')
  })

  it('is warned of in record, status and doctor', async () => {
    fill('staging', Math.ceil(BOUND * 0.85))
    const { record } = await client.call('exec', EXEC)
    expect(record).toMatchObject({ status: 'success', points: { metric: 1 } })
    expect(record.problems).toMatchObject([
      { code: 'outbox-filling', severity: 'warning', scope: 'connector staging' },
    ])
    expect(await laneOf('staging')).toMatchObject({ pressure: 'high', maxBytes: BOUND })
    const [host] = await client.call('doctor', { setId: 'demo_set' })
    expect(host?.checks).toContainEqual(
      expect.objectContaining({ id: 'host.outbox.staging', status: 'warning' }),
    )
  })

  it('pauses collection before AWS is asked, says so, and goes on when there is room', async () => {
    fill('staging', Math.ceil(BOUND * 0.96))
    const { record } = await client.call('exec', EXEC)
    expect(record).toMatchObject({
      status: 'failure',
      exceptionType: 'OUTBOX_FULL',
      startTimeMs: null,
      points: {},
    })
    expect(record.exceptionText).toMatch(
      /^Collection is paused: the outbox of connector staging is nearly full .*CloudWatch keeps what is not collected for 15 days/,
    )
    expect(await laneOf('staging')).toMatchObject({ pressure: 'paused' })
    const [host] = await client.call('doctor', { setId: 'demo_set' })
    expect(host?.checks).toContainEqual(
      expect.objectContaining({ id: 'host.outbox.staging', status: 'failed' }),
    )
    // A rehearsal writes nothing, and another connector has its own room.
    expect((await client.call('exec', { ...EXEC, debug: true })).record.status).toBe('success')
    expect(await client.call('outbox.drop', { batchId: null })).toEqual({ dropped: 1 })
    expect((await client.call('exec', EXEC)).record.status).toBe('success')
  })

  it('holds up only what goes to it', async () => {
    fill('staging', BOUND)
    await deployed('default')
    expect((await client.call('exec', EXEC)).record.status).toBe('success')
  })

  it('keeps its bound when the connector is set anew without one', async () => {
    const config = { type: 'datakit', url: `${staging.url}/elsewhere` } as const
    const row = await client.call('connector.set', { id: 'staging', config, token: null })
    expect(row.config.maxBacklogMb).toBe(1)
  })
})

describe('outbox show', () => {
  it('shows what is in a dead batch and why it died', async () => {
    staging.answer = () => ({ status: 422, body: 'no such thing' })
    await deployed('staging', { names: ['a', '中 文'] })
    await client.call('exec', EXEC)
    const dead = await client.call('outbox.list', { state: 'dead', limit: 10 })
    const metric = dead.find(({ category }) => category === 'metric')
    const detail = await client.call('outbox.show', { batchId: metric?.batchId ?? 0 })
    expect(detail).toMatchObject({
      state: 'dead',
      connectorId: 'staging',
      points: 2,
      reason: '422 no such thing',
      contents: [{ measurement: 'demo', key: 'value', points: 2 }],
      lines: [expect.stringMatching(/^demo,name=a value=1 \d+$/), expect.stringContaining('中\\ 文')],
    })
    await expect(client.call('outbox.show', { batchId: 999 })).rejects.toMatchObject({ code: 'UNKNOWN_NAME' })
  })
})
