import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MINUTE_MS } from '../../../core/time.ts'
import type { PlanReport } from '../../../runner/cost/priced-plan.ts'
import type { TaskRecord } from '../../../runner/host-api.ts'
import { expectGolden } from '../../golden.ts'
import { openShell, type Shell } from '../../e2e/dff.ts'
import { filesContaining } from '../../e2e/search.ts'

const SET = 'guance_aws_cloudwatchlogs'
const NOW = '2026-10-20T08:00:00Z'
const NOW_MS = Date.parse(NOW)
/** The first look. */
const LOOK_MS = 30 * MINUTE_MS
/** Younger events may still come, and their minutes are not written yet. */
const OPEN_MS = 11 * MINUTE_MS

interface Held {
  readonly points: readonly {
    readonly tags: Readonly<Record<string, string>>
    readonly fields: object
    readonly timeNs: string
  }[]
}

let shell: Shell

/** The first few by what they hold. */
function firstOf(points: Held['points'], count: number): readonly object[] {
  const keyed = points.map((point) => ({ key: `${point.tags['name']} ${point.timeNs}`, point }))
  const sorted = keyed.toSorted((left, right) => (left.key < right.key ? -1 : Number(left.key > right.key)))
  return sorted.slice(0, count).map(({ point }) => point)
}

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
  await shell.json('install', SET, ...shell.keyFlags, '-p', `regions=${region}`)
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
    const path = `received?RegionId=${region}&limit=Infinity`
    const { points: logs } = (await shell.control(`${path}&category=logging`)) as Held
    const { points: reports } = (await shell.control(`${path}&measurement=aws_lambda_report`)) as Held
    expect(logs.length).toBeGreaterThan(100)
    // Groups are read side by side, so that their order is no promise.
    const first = [...firstOf(logs, 8), ...firstOf(reports, 2)]
    expectGolden(
      `${JSON.stringify(first, null, 2)}\n`,
      new URL('../../e2e/golden/logs.json', import.meta.url),
    )
  })

  it('verify, doctor and policy know them', async () => {
    const verified = await shell.dff('verify', SET)
    expect(verified.stdout).toMatch(/ok +Every metric of aws_lambda_report arrived/)
    expect(verified.stdout).toMatch(/ok +Lines of every source of logs arrived: (\d+) of \1 sources/)
    const doctor = await shell.dff('doctor', SET)
    expect(doctor.stdout).toContain('logs:FilterLogEvents')
    const policy = await shell.dff('policy', SET)
    expect(policy.code).toBe(0)
    expectGolden(policy.stdout, new URL('../../e2e/golden/logs-policy.txt', import.meta.url))
  })

  it('leave the secret nowhere but sealed', () => {
    expect(filesContaining(shell.home, shell.secret)).toEqual([])
  })
})
