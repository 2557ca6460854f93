import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MINUTE_MS } from '../../core/time.ts'
import type { PlanReport } from '../../runner/cost/priced-plan.ts'
import type { TaskRecord } from '../../runner/host-api.ts'
import { openShell, type Shell } from './dff.ts'
import { filesContaining } from './search.ts'

const SET = 'guance_aws_cloudwatchlogs'
const NOW = '2026-10-20T08:00:00Z'
const NOW_MS = Date.parse(NOW)
/** The first look. */
const LOOK_MS = 30 * MINUTE_MS
/** Younger events may still come, and their minutes are not written yet. */
const OPEN_MS = 11 * MINUTE_MS

interface Held {
  readonly points: readonly { readonly tags: Readonly<Record<string, string>>; readonly fields: object }[]
}

let shell: Shell

async function exec(): Promise<TaskRecord> {
  const { code, stderr } = await shell.dff('exec', SET, '--at', NOW)
  expect({ code, stderr }).toMatchObject({ code: 0 })
  const [record] = await shell.json<readonly TaskRecord[]>('task', 'list', '--limit', '1')
  if (record === undefined) throw new Error('there is no record')
  return record
}

beforeAll(async () => {
  shell = await openShell('--functions', '24', '--regions', '2', '--seed', '7', '--now', NOW)
  const [region = ''] = shell.info.regions
  await shell.json('connector', 'set', 'default', '--type', 'datakit', '--url', shell.info.datakitUrl)
  await shell.json(
    'install',
    SET,
    '-p',
    `ak_id=${shell.keyId}`,
    '-p',
    'ak_secret=env:AK_SECRET',
    '-p',
    `regions=${region}`,
  )
  await shell.json('deploy', SET)
})

afterAll(async () => {
  await shell[Symbol.asyncDispose]()
})

describe('the logs from the listing to the receiver', () => {
  it('plan asks for nothing of the groups, and says how often polls will', async () => {
    const before = (await shell.control('counters')) as { requests: Record<string, number> }
    const { plan } = await shell.json<PlanReport>('plan', SET)
    const after = (await shell.control('counters')) as { requests: Record<string, number> }
    expect(after.requests['logs:FilterLogEvents']).toBe(before.requests['logs:FilterLogEvents'])
    expect(JSON.stringify(plan)).toContain('logs:FilterLogEvents')
  })

  it('arrive whole, with the minutes of their reports', async () => {
    const record = await exec()
    expect(record).toMatchObject({ status: 'success' })
    expect(record.problems.filter(({ code }) => code !== 'clock-skew')).toEqual([])
    const [region = ''] = shell.info.regions
    const span = { regions: [region], startMs: NOW_MS - LOOK_MS, endMs: NOW_MS - MINUTE_MS }
    const audit = (await shell.control('audit/logs', span)) as { expected: number }
    expect(audit).toMatchObject({ missing: 0, duplicates: 0 })
    expect(audit.expected).toBeGreaterThan(500)
    const times = `startMs=${NOW_MS - LOOK_MS}&endMs=${NOW_MS - OPEN_MS}`
    const truth = (await shell.control(`truth/reports?region=${region}&${times}`)) as { minutes: object[] }
    const held = (await shell.control(
      `received?measurement=aws_lambda_report&limit=Infinity&${times}`,
    )) as Held
    expect(held.points).toHaveLength(truth.minutes.length)
  })

  it('look at the receiver as the README says', async () => {
    const [region = ''] = shell.info.regions
    const logs = (await shell.control(`received?category=logging&RegionId=${region}&limit=6`)) as Held
    const reports = (await shell.control('received?measurement=aws_lambda_report&limit=2')) as Held
    await expect(`${JSON.stringify([...logs.points, ...reports.points], null, 2)}\n`).toMatchFileSnapshot(
      'golden/logs.json',
    )
  })

  it('verify, doctor and policy know them', async () => {
    const verified = await shell.dff('verify', SET)
    expect(verified.stdout).toContain('aws_lambda_report')
    const doctor = await shell.dff('doctor', SET)
    expect(doctor.stdout).toContain('logs:FilterLogEvents')
    const policy = await shell.dff('policy', SET)
    expect(policy.code).toBe(0)
    await expect(policy.stdout).toMatchFileSnapshot('golden/logs-policy.txt')
  })

  it('leave the secret nowhere but sealed', () => {
    expect(filesContaining(shell.home, shell.secret)).toEqual([])
  })
})
