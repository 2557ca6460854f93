import { readdirSync, readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openClient } from '../../../runner/client.ts'
import { homePaths } from '../../../runner/home.ts'
import type { FormValues, HostClient } from '../../../runner/host-api.ts'
import { type HostOptions, startHost } from '../../../runner/host.ts'
import { openSqliteStore } from '../../../runner/store/sqlite/open.ts'
import { readExposition, valueOf } from '../observe/read-exposition.ts'
import { type Ground, makeGround, until } from './fixture.ts'

const EXEC = { target: 'demo_set', atMs: null, debug: false }
const FUNC = 'startup__demo_set.run'

let ground: Ground
let client: HostClient
let stop: () => Promise<void>
let notes: string[]

async function start(options: HostOptions = {}): Promise<void> {
  const controller = new AbortController()
  notes = []
  const running = startHost(ground.home, {
    ...options,
    signal: controller.signal,
    marketRoot: ground.marketRoot,
    onEvent: (event) => event.kind === 'note' && notes.push(event.text),
  })
  let isStopped = false
  stop = async () => {
    if (isStopped) return
    isStopped = true
    await client.close()
    controller.abort()
    await running
  }
  await Promise.race([running, until('the host runs', () => notes.some((note) => note.includes('runs')))])
  client = await openClient(ground.home, { command: 'test', marketRoot: ground.marketRoot })
}

async function deploy(parameters: FormValues): Promise<void> {
  await client.call('install', { setId: 'demo_set', parameters, force: true })
  await client.call('deploy', { setId: 'demo_set', force: true })
}

/** Lines that the sink `file` holds of a category. */
function delivered(category: string): string {
  const { output } = homePaths(ground.home)
  const names = readdirSync(output).filter((name) => name.startsWith(`${category}-`))
  return names.map((name) => readFileSync(join(output, name), 'utf8')).join('')
}

async function metricsUrl(): Promise<string> {
  const url = (await client.call('status', {})).metricsUrl
  if (url === null) throw new Error('no metrics are served')
  return url
}

const METRICS = { metrics: { host: '127.0.0.1', port: 0 } }

beforeEach(() => {
  ground = makeGround()
})

afterEach(async () => {
  await stop()
  ground.remove()
})

describe('a host that is observed', () => {
  it('shows tasks, points, calls and errors at /metrics, and the same in dff status', async () => {
    await start(METRICS)
    await deploy({ names: ['a', 'b'] })
    await client.call('exec', EXEC)
    await deploy({ names: ['a'], label: 'fail' })
    await client.call('exec', EXEC)
    const response = await fetch(await metricsUrl())
    expect(response.status).toBe(200)
    const families = readExposition(await response.text())
    expect(valueOf(families, 'dff_tasks_total', { func: FUNC, status: 'success' })).toBe(1)
    expect(valueOf(families, 'dff_tasks_total', { func: FUNC, status: 'failure' })).toBe(1)
    expect(valueOf(families, 'dff_points_committed_total', { category: 'metric' })).toBe(3)
    expect(valueOf(families, 'dff_points_acknowledged_total')).toBe(6)
    expect(valueOf(families, 'dff_calls_total', { api: 'demo' })).toBe(4)
    expect(valueOf(families, 'dff_billed_metrics_total', { api: 'demo' })).toBe(2)
    expect(valueOf(families, 'dff_task_exceptions_total', { type: 'Error' })).toBe(1)
    expect(valueOf(families, 'dff_deliveries_total', { result: 'accepted' })).toBeGreaterThan(0)
    expect(valueOf(families, 'dff_outbox_batches', { connector: 'default', state: 'waiting' })).toBe(0)
    expect(valueOf(families, 'dff_lag_seconds', { measurement: 'demo' })).toBeLessThan(60)
    expect(await client.call('status', {})).toMatchObject({
      tasks: { success: 1, failure: 1, pending: 0 },
      lanes: [{ connectorId: 'default', waitingBytes: 0, deadBytes: 0, oldestWaitingMs: null }],
      lags: [{ measurement: 'demo_object' }, { measurement: 'demo' }],
      activity: {
        tasks: { success: 1, failure: 1 },
        calls: [{ api: 'demo', requests: 4, billedMetrics: 2 }],
        errors: [{ source: 'task', kind: 'Error', count: 1 }],
      },
    })
  })

  it('is well at /healthz, and well with a warning while its sink is down', async () => {
    await start(METRICS)
    const url = (await metricsUrl()).replace('/metrics', '/healthz')
    expect(await (await fetch(url)).json()).toMatchObject({ status: 'ok', pid: process.pid })
    const sink: Server = createServer((_, response) => void response.writeHead(503).end('no'))
    await new Promise<void>((resolve) => void sink.listen(0, '127.0.0.1', resolve))
    const { port } = sink.address() as AddressInfo
    await client.call('connector.set', {
      id: 'default',
      config: { type: 'datakit', url: `http://127.0.0.1:${port}` },
      token: null,
    })
    await deploy({ names: ['a'] })
    // The client would wait for a delivery that cannot be; the task alone counts here.
    const executing = client.call('exec', EXEC)
    executing.catch(() => undefined)
    await until('the sink refused', async () => (await client.call('status', {})).lastDeliveryError !== null)
    const answer = await fetch(url)
    expect(answer.status).toBe(200)
    expect(await answer.json()).toMatchObject({ status: 'warning' })
    const families = readExposition(await (await fetch(await metricsUrl())).text())
    expect(valueOf(families, 'dff_outbox_points', { connector: 'default', state: 'waiting' })).toBe(2)
    expect(valueOf(families, 'dff_deliveries_total', { result: 'retry' })).toBeGreaterThan(0)
    await stop()
    await executing.catch(() => undefined)
    sink.closeAllConnections()
    await new Promise<void>((resolve) => void sink.close(() => resolve()))
  }, 60_000)

  it("sends its own points and each task's record with its log to its own sink", async () => {
    await start({ ownPoints: true })
    await deploy({ names: ['a'] })
    const { record } = await client.call('exec', EXEC)
    await deploy({ names: ['a'], label: 'fail' })
    await client.call('exec', EXEC)
    await client.call('exec', { ...EXEC, debug: true })
    await stop()
    const logs = delivered('logging')
    expect(logs.match(/^DFF_task_record_func,/gm)).toHaveLength(2)
    expect(logs).toContain(`,id=${record.id},`)
    expect(logs).toContain('status=ok,task_status=success')
    expect(logs).toContain('status=critical,task_status=failure')
    expect(logs).toContain('committed 2 points, run 1')
    expect(logs).toContain('the demo was told to fail')
    const metrics = delivered('metric')
    expect(metrics).toMatch(/^DFF_host,.*,acknowledged_points=[1-9]/m)
    expect(metrics).toMatch(/^DFF_func_call,.*task_status=success count=1,/m)
    expect(metrics).toMatch(/^DFF_host_call,api=demo,.* requests=6,billed_metrics=3 /m)
    expect(metrics).toMatch(/^DFF_host_error,.*kind=Error,.*source=task count=\d /m)
  })

  it('tells of the tasks that an earlier host left running or waiting', async () => {
    await start()
    await deploy({ names: ['a'] })
    await stop()
    const store = await openSqliteStore(homePaths(ground.home).database)
    const base = { funcId: FUNC, triggerTimeMs: Date.now(), expiresAtMs: Date.now() + 60_000 }
    const rest = { triggerId: null, tickMs: null, isDebug: false, connector: 'file', endpointUrl: null }
    for (const id of ['orphan', 'button'])
      await store.queue.enqueueOnce({ ...base, ...rest, id, origin: 'direct' })
    await store.queue.claim('orphan', Date.now(), 60_000)
    await store.close()
    await start({ ownPoints: true })
    const { activity } = await client.call('status', {})
    expect(activity.tasks).toEqual({ failure: 2 })
    await stop()
    expect(delivered('logging').match(/,id=(orphan|button),/g)).toHaveLength(2)
  })

  it('serves nothing and sends nothing of itself unless it is asked to', async () => {
    await start()
    await deploy({ names: ['a'] })
    await client.call('exec', EXEC)
    expect((await client.call('status', {})).metricsUrl).toBeNull()
    await stop()
    expect(delivered('metric')).not.toContain('DFF_')
  })

  it('gives its home back when the page cannot be served', async () => {
    const refused = startHost(ground.home, {
      signal: AbortSignal.timeout(10_000),
      metrics: { host: '0.0.0.0', port: 0 },
    })
    await expect(refused).rejects.toMatchObject({ code: 'BAD_PARAMETER' })
    await start()
  })
})
