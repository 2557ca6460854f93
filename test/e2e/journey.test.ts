import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { alignDown, HOUR_MS, MINUTE_MS } from '../../core/time.ts'
import type { ExecResult, TaskRecord } from '../../runner/host-api.ts'
import type { OutboxRow } from '../../runner/host-report.ts'
import type { HostStatus } from '../../runner/host-status.ts'
import { openShell, type Shell } from './dff.ts'
import { filesContaining } from './search.ts'

interface Audit {
  readonly expected: number
  readonly missing: number
  readonly wrong: number
  readonly extra: number
  readonly samples: readonly string[]
}

/** After the minute's end: three minutes of pipeline and Lambda's longest timeout, when every function is final (scripts/guance_aws_cloudwatch/horizon.ts). */
const FINAL_MS = 19 * MINUTE_MS
/** The first look goes three hours back from where the quickest function is final. */
const LOOKBACK_MS = 3 * HOUR_MS + 3 * MINUTE_MS

let shell: Shell

/** Runs the Startup script; `exec --json` streams NDJSON whose last line is the result. */
async function exec(): Promise<ExecResult> {
  const { code, stdout, stderr } = await shell.dff('exec', 'guance_aws_lambda', '--json')
  expect({ code, stderr }).toMatchObject({ code: 0 })
  const last = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as { result?: ExecResult } & ExecResult
  return last.result ?? last
}

async function audit(regions: readonly string[], record: TaskRecord): Promise<Audit> {
  const nowMs = alignDown(record.startTimeMs ?? 0, MINUTE_MS)
  const window = { startMs: nowMs - LOOKBACK_MS, endMs: nowMs - FINAL_MS }
  return (await shell.control('audit', { regions, ...window })) as Audit
}

beforeAll(async () => {
  shell = await openShell('--functions', '60', '--regions', '2', '--seed', '7')
})

afterAll(async () => {
  await shell[Symbol.asyncDispose]()
})

describe('from the listing to the receiver', () => {
  it('installs, deploys and executes, and what arrives equals the truth', async () => {
    const [region = ''] = shell.info.regions
    await shell.json('connector', 'set', 'default', '--type', 'datakit', '--url', shell.info.datakitUrl)
    await shell.json('install', 'guance_aws_lambda', ...shell.keyFlags, '-p', `regions=${region}`)
    await shell.json('deploy', 'guance_aws_lambda')
    const { record, backlog } = await exec()
    expect(record).toMatchObject({ status: 'success', problems: [] })
    expect(backlog).toMatchObject({ waitingBatches: 0, deadBatches: 0 })
    const result = await audit([region], record)
    expect(result).toMatchObject({ missing: 0, wrong: 0, extra: 0, samples: [] })
    expect(result.expected).toBeGreaterThan(10_000)
  })

  it('brings the data of a region that is added to the Startup script', async () => {
    const [first = '', second = ''] = shell.info.regions
    const path = join(shell.home, 'startup/guance_aws_lambda.ts')
    const source = readFileSync(path, 'utf8')
    expect(source).toContain(`regions: ['${first}']`)
    writeFileSync(path, source.replace(`regions: ['${first}']`, `regions: ['${first}', '${second}']`))
    const { record } = await exec()
    expect(record).toMatchObject({ status: 'success', problems: [] })
    expect(await audit([second], record)).toMatchObject({ missing: 0, wrong: 0, samples: [] })
  })

  it('keeps a record and a log of each run', async () => {
    const records = await shell.json<readonly TaskRecord[]>('task', 'list')
    expect(records.map(({ status }) => status)).toEqual(['success', 'success'])
    const [latest] = records
    expect(await shell.json('task', 'show', latest?.id ?? '')).toMatchObject({
      id: latest?.id,
      endpointUrl: shell.info.url,
    })
    const log = await shell.dff('log', latest?.id ?? '')
    expect(log.code).toBe(0)
    expect(log.stdout).toMatch(/^\[\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}\] \[\+\d+ms\] /)
  })

  it('meters what AWS counted', async () => {
    const records = await shell.json<readonly TaskRecord[]>('task', 'list')
    const counters = (await shell.control('counters')) as {
      requests: Record<string, number>
      billedMetrics: number
    }
    const sum = (api: string, key: 'requests' | 'billedMetrics'): number =>
      records
        .flatMap(({ usage }) => usage)
        .reduce((total, usage) => total + (usage.api === api ? usage[key] : 0), 0)
    for (const api of ['cloudwatch:GetMetricData', 'cloudwatch:ListMetrics', 'lambda:ListFunctions']) {
      expect({ api, count: sum(api, 'requests') }).toEqual({ api, count: counters.requests[api] })
    }
    expect(sum('cloudwatch:GetMetricData', 'billedMetrics')).toBe(counters.billedMetrics)
  })

  it('verifies the three steps of the document with evidence', async () => {
    const { code, stdout } = await shell.dff('verify', 'guance_aws_lambda')
    expect({ code, stdout }).toMatchObject({ code: 0 })
  })

  it('leaves the secret nowhere but sealed', () => {
    expect(filesContaining(shell.home, shell.secret)).toEqual([])
    expect(filesContaining(shell.home, Buffer.from(shell.secret).toString('base64'))).toEqual([])
  })

  it('keeps what was collected while the sink is down, says so, and delivers it later', async () => {
    await shell.control('receiver', { status: 503 })
    const down = await shell.dff('exec', 'guance_aws_lambda')
    expect(down).toMatchObject({ code: 3 })
    expect(down.stderr).toMatch(/expected every point to be acknowledged, got .* that wait: .*503/)
    expect(await shell.json<readonly OutboxRow[]>('outbox', 'list')).not.toEqual([])
    const { lastDeliveryError } = await shell.json<HostStatus>('status')
    expect(lastDeliveryError).toContain('503')
    await shell.control('receiver', { kind: 'ok' })
    expect(await exec()).toMatchObject({
      record: { status: 'success' },
      backlog: { waitingBatches: 0, deadBatches: 0 },
    })
    const received = await shell.control(
      'received?category=custom_object&measurement=aws_lambda&limit=Infinity',
    )
    expect((received as { points: unknown[] }).points).toHaveLength(60)
  })
})
