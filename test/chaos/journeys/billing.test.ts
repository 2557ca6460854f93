import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { PlanReport } from '../../../runner/cost/priced-plan.ts'
import type { TaskRecord } from '../../../runner/host-api.ts'
import { expectGolden } from '../../golden.ts'
import { openShell, type Shell } from '../../e2e/dff.ts'

const ALIAS = 'guance_aws_billing_by_instance'

interface Paid {
  readonly byDay: Readonly<Record<string, number>>
  readonly usd: number
}

let shell: Shell

/** What a reader sees, without what differs from run to run. */
function normalise(text: string): string {
  return (
    text
      // What the doctor says of host and connector has goldens of its own.
      .replaceAll(/^host\n[^]*?\n(?=guance_aws_billing\n)/gm, '')
      .replaceAll(/^ok \d+ · warning \d+ · failed \d+$/gm, 'ok N')
      .replaceAll(shell.home, 'HOME')
      .replaceAll(shell.info.url, 'SIMULATOR')
      .replaceAll(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?Z?/g, 'TIME')
      .replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d/g, 'TIME')
      .replaceAll(/before \d{4}-\d\d-\d\d/g, 'before DAY')
      .replaceAll(/, \d+ lines/g, ', N lines')
      .replaceAll(/the newest is [0-9a-z-]+/g, 'the newest is ID')
  )
}

async function transcript(...commands: readonly (readonly string[])[]): Promise<string> {
  let text = ''
  for (const args of commands) {
    const { code, stdout, stderr } = await shell.dff(...args)
    text += `$ dff ${args.join(' ')}\n${stdout}${stderr}exit ${code}\n\n`
  }
  return normalise(text)
}

async function paid(): Promise<Paid> {
  return (await shell.control('billing/paid')) as Paid
}

beforeAll(async () => {
  shell = await openShell('--functions', '12', '--regions', '1', '--seed', '7')
  await shell.control('billing', { linked: 2 })
})

afterAll(async () => {
  await shell[Symbol.asyncDispose]()
})

describe('the billing set', () => {
  it('is installed by upstream’s name, and says what it needs', async () => {
    await shell.json('connector', 'set', 'default', '--type', 'datakit', '--url', shell.info.datakitUrl)
    const keys = [...shell.keyFlags]
    const missing = await shell.dff('install', ALIAS, '--yes', ...keys, '-p', 'account_name=main')
    expect(missing.code).toBe(2)
    expect(missing.stderr).toContain('expected a value for account_id, got nothing')
    const account = ['-p', 'account_name=main, 生产', '-p', 'account_id=123456789012']
    await shell.json('install', ALIAS, ...keys, ...account, '-p', 'functions=us-east-1')
    await shell.json('deploy', ALIAS)
    expect(await paid()).toMatchObject({ byDay: {}, usd: 0 })
  })

  it('plans what a day costs, pays for it once, and verifies what arrived', async () => {
    const text = await transcript(['plan', 'guance_aws_billing'], ['doctor', 'guance_aws_billing'])
    expect(await paid()).toMatchObject({ usd: 0 })
    const { code, stderr } = await shell.dff('exec', ALIAS)
    expect({ code, stderr }).toMatchObject({ code: 0 })
    const first = await paid()
    const [record] = await shell.json<readonly TaskRecord[]>('task', 'list', '--limit', '1')
    const metered = record?.usage.filter(({ api }) => api.startsWith('ce:')).map(({ requests }) => requests)
    // One account list, three accounts, and the question by resource, which is refused and so on nobody's bill.
    expect(metered).toEqual([4, 1])
    expect(Object.values(first.byDay)).toEqual([4])
    await shell.dff('exec', 'guance_aws_billing')
    expect(await paid()).toEqual(first)
    const after = await transcript(
      ['plan', 'guance_aws_billing'],
      ['doctor', 'guance_aws_billing'],
      ['verify', 'guance_aws_billing'],
      ['policy', 'guance_aws_billing'],
    )
    expect(await paid()).toEqual(first)
    expectGolden(text + after, new URL('../../e2e/golden/billing.txt', import.meta.url))
  })

  it('says the price of a day in the plan, and that of what was asked in status', async () => {
    const { plan } = await shell.json<PlanReport>('plan', 'guance_aws_billing')
    expect(plan.day.requests).toBeCloseTo(4 + 1 / 7)
    const usd = plan.day.bill.costs.find(({ currency }) => currency === 'USD')?.amount
    expect(usd).toBeCloseTo((4 + 1 / 7) * 0.01 + plan.day.billedMetrics / 100_000)
  })

  it('delivers every line', async () => {
    const { points } = (await shell.control(
      'received?category=logging&measurement=cloud_billing&limit=Infinity',
    )) as { points: readonly { readonly tags: Readonly<Record<string, string>> }[] }
    expect(new Set(points.map(({ tags }) => tags['account_id'])).size).toBe(3)
    expect(points.some(({ tags }) => tags['grouping'] === 'function')).toBe(true)
  })
})
