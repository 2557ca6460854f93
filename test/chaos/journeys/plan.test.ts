import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MINUTE_MS } from '../../../core/time.ts'
import type { PlanReport } from '../../../runner/cost/priced-plan.ts'
import type { TaskRecord } from '../../../runner/host-api.ts'
import type { HostStatus } from '../../../runner/host-status.ts'
import { turnDetailsOff } from '../../../tools/simulated-home.ts'
import { openShell, type Shell } from '../../e2e/dff.ts'

interface Counters {
  readonly requests: Readonly<Record<string, number>>
  readonly billedMetrics: number
}

let shell: Shell

async function count(work: () => Promise<unknown>): Promise<Counters> {
  await shell.control('counters/reset', {})
  await work()
  return (await shell.control('counters')) as Counters
}

/** Executes as of so many minutes ago, and gives the record. */
async function execAt(minutesAgo: number): Promise<TaskRecord> {
  const at = new Date(Date.now() - minutesAgo * MINUTE_MS).toISOString()
  const { code } = await shell.dff('exec', 'guance_aws_lambda', '--at', at)
  expect(code).toBe(0)
  const [record] = await shell.json<readonly TaskRecord[]>('task', 'list', '--limit', '1')
  if (record === undefined) throw new Error('there is no record')
  return record
}

function billedOf(rows: readonly { readonly billedMetrics: number }[]): number {
  return rows.reduce((sum, { billedMetrics }) => sum + billedMetrics, 0)
}

beforeAll(async () => {
  shell = await openShell('--functions', '40', '--regions', '1', '--seed', '3')
  const [region = ''] = shell.info.regions
  const keys = [...shell.keyFlags, '-p', `regions=${region}`]
  await shell.json('install', 'guance_aws_lambda', ...keys)
  await shell.json('deploy', 'guance_aws_lambda')
  // Their calls keep to a rate in real time, and no plan counts them: they are free.
  turnDetailsOff(join(shell.home, 'startup/guance_aws_lambda.ts'))
})

afterAll(async () => {
  await shell[Symbol.asyncDispose]()
})

describe('dff plan', () => {
  it('tells from lists alone what the first task will take, and the record agrees', async () => {
    let report: PlanReport | undefined
    const counted = await count(async () => {
      report = await shell.json<PlanReport>('plan', 'guance_aws_lambda')
    })
    expect(counted.billedMetrics).toBe(0)
    const { asked, poll, once } = report?.plan ?? { asked: [], poll: undefined, once: undefined }
    // The host's own calls for credentials are free and not the script's.
    const lists = Object.entries(counted.requests).filter(([api]) => !api.startsWith('sts:'))
    expect(Object.fromEntries(asked.map(({ api, requests }) => [api, requests]))).toEqual(
      Object.fromEntries(lists),
    )
    const record = await execAt(12)
    expect(billedOf(record.usage)).toBe((poll?.billedMetrics ?? 0) + (once?.billedMetrics ?? 0))
    expect(billedOf(record.predicted)).toBe(billedOf(record.usage))
  })

  it('tells what the next regular poll takes, its requests and its bill in status', async () => {
    await execAt(10)
    const { plan } = await shell.json<PlanReport>('plan', 'guance_aws_lambda')
    const before = await shell.json<HostStatus>('status')
    const counted = await count(async () => execAt(5))
    expect(plan.poll.billedMetrics).toBe(counted.billedMetrics)
    const requests = plan.requests.filter(
      ({ rule, api }) => rule === 'mask' && api === 'cloudwatch:GetMetricData',
    )
    expect(requests).toMatchObject([{ requests: counted.requests['cloudwatch:GetMetricData'] }])
    expect(plan.once.billedMetrics).toBe(0)
    const after = await shell.json<HostStatus>('status')
    const billed = ({ usage }: HostStatus): number => billedOf(usage.map(({ month }) => month))
    expect(billed(after) - billed(before)).toBe(counted.billedMetrics)
    expect(after.usage[0]?.month.bill?.costs).toEqual([
      { currency: 'USD', amount: expect.closeTo(billed(after) / 100_000, 9) as number },
    ])
  })

  it('compares with an edited copy', async () => {
    const copy = join(shell.home, 'a copy, edited.ts')
    const text = readFileSync(join(shell.home, 'startup/guance_aws_lambda.ts'), 'utf8')
    writeFileSync(copy, text.replace(/metrics: \[[^\]]*\]/, "metrics: ['Errors']"))
    const { plan, other, change } = await shell.json<PlanReport>(
      'plan',
      'guance_aws_lambda',
      '--compare',
      copy,
    )
    const errors = plan.metrics.filter(({ metric, every }) => metric === 'Errors' && every === 'poll')
    expect(other?.poll.billedMetrics).toBe(billedOf(errors))
    expect(change?.billedMetricsPerPoll).toBe(billedOf(errors) - plan.poll.billedMetrics)
  })

  it('names a region that is refused, and fails when nothing is left to plan', async () => {
    const path = join(shell.home, 'startup/guance_aws_lambda.ts')
    const text = readFileSync(path, 'utf8')
    writeFileSync(path, text.replace(`'${shell.info.regions[0] ?? ''}'`, "'eu-west-1'"))
    const { code, stdout } = await shell.dff('plan', 'guance_aws_lambda')
    expect(code).toBe(1)
    expect(stdout).toMatch(/^ {2}error \d{12}\/eu-west-1\/AWS\/Lambda: /m)
  })
})
