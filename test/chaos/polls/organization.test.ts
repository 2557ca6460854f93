import { describe, expect, it } from 'vitest'
import type { Account, Organization as OrganizationConfig } from '../../../core/dff.ts'
import { makePolicyReports } from '../../../runner/policy/policy-report.ts'
import { CloudwatchCollector } from '../../../scripts/guance_aws_cloudwatch/main.ts'
import { LambdaCollector } from '../../../scripts/guance_aws_lambda/main.ts'
import { Organization, Runner } from '../../../scripts/guance_integration/main.ts'
import { FIRST_TRIGGER_MS, NO_WAIT } from '../../scripts/aws-fixture.ts'
import { brokeredRun, startBrokeredAws } from '../../scripts/brokered-aws.ts'
import { makeStore, type TestRun, type TestStore } from '../../scripts/run-context.ts'

const HOUR_MS = 3_600_000
const START_MS = FIRST_TRIGGER_MS - 8 * HOUR_MS
const MANAGEMENT = '111111111111'
const IDS = [MANAGEMENT, '222222222222', '333333333333', '444444444444']
const CONFIGS = { regions: ['us-east-1'] as ['us-east-1'] }
const TARGETS = [{ namespace: 'AWS/Lambda', metrics: ['Invocations'] }]

/** Production below a unit below the root, a sandbox, and one that was closed. */
const TREE = {
  units: { 'ou-root-11111111': 'r-root', 'ou-root-22222222': 'ou-root-11111111' },
  accounts: [
    { id: IDS[0], name: 'Management' },
    { id: IDS[1], name: 'Prod, "EU" 中文', parentId: 'ou-root-22222222', tags: { env: 'prod' } },
    { id: IDS[2], name: 'sandbox 7', tags: { env: 'test' } },
    { id: IDS[3], name: 'Closed', state: 'SUSPENDED', parentId: 'ou-root-11111111' },
  ],
}

async function start() {
  const aws = await startBrokeredAws({ functions: 3, regions: CONFIGS.regions, accountIds: IDS })
  const { simulator, broker, keys } = aws
  simulator.control('organization', TREE)
  const account: Account = { ...keys, extra_tags: { team: 'sre' } }
  const contextOf = (store: TestStore, triggerTimeMs = START_MS): TestRun =>
    brokeredRun(store, broker, { triggerTimeMs })
  const scriptOf = (more: Partial<OrganizationConfig> = {}, own: Account = account) =>
    Runner(
      Organization(
        own,
        { role_name: 'guance-collector', external_id: simulator.info.externalId, ...more },
        (member) => [
          LambdaCollector(member, { ...CONFIGS, object_name: 'arn' }, { backoff: NO_WAIT }),
          CloudwatchCollector(member, { ...CONFIGS, targets: TARGETS }, NO_WAIT),
        ],
        NO_WAIT,
      ),
    )
  return { simulator, account, contextOf, scriptOf }
}

/** Names of accounts by id, of everything that was delivered. */
function collectedOf({ points }: TestStore): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(points.map(({ tags }) => [tags['account_id'], tags['account_name']]))
}

describe('an organization', () => {
  it('is collected account by account under their names; who lists has no role to assume, who is suspended is left out', async () => {
    const { contextOf, scriptOf } = await start()
    const store = makeStore()
    const run = contextOf(store)
    const value = await scriptOf().run(run)
    expect(run.problems).toEqual([])
    expect(collectedOf(store)).toEqual({
      [MANAGEMENT]: 'Management',
      '222222222222': 'Prod, "EU" 中文',
      '333333333333': 'sandbox 7',
    })
    expect(store.points.every(({ tags }) => tags['team'] === 'sre')).toBe(true)
    expect(Object.keys(value as object)).toEqual([
      '1 Organization AWS-Lambda',
      '1 Organization AWS-CloudWatch',
    ])
    const expected = await scriptOf().expected?.(contextOf(store))
    expect(expected?.objects[0]?.names).toHaveLength(9)
    expect((await scriptOf().plan?.(contextOf(store), { intervalMs: 300_000 }))?.metrics).not.toHaveLength(0)
  })

  it.each<[string, Partial<OrganizationConfig>, readonly string[]]>([
    ['ids', { include: { ids: ['333333333333'] } }, ['333333333333']],
    ['names', { exclude: { names: ['sand*', 'Management'] } }, ['222222222222']],
    ['units with those below', { include: { ous: ['ou-root-11111111'] } }, ['222222222222']],
    ['the root', { include: { ous: ['r-root'] }, exclude: { ids: [MANAGEMENT] } }, IDS.slice(1, 3)],
    ['tags', { include: { tags: { env: ['pr*'] } } }, ['222222222222']],
    [
      'any of several',
      { include: { ids: [MANAGEMENT], tags: { env: ['test'] } } },
      [MANAGEMENT, '333333333333'],
    ],
  ])('is chosen from by %s', async (_title, more, ids) => {
    const { contextOf, scriptOf } = await start()
    const store = makeStore()
    await scriptOf(more).run(contextOf(store))
    expect(Object.keys(collectedOf(store)).toSorted()).toEqual(ids)
  })

  it('has a new account picked up and a closed one gone within the hour, behind the points of a run', async () => {
    const { simulator, contextOf, scriptOf } = await start()
    const store = makeStore()
    await scriptOf().run(contextOf(store))
    const [management, prod, sandbox, closed] = TREE.accounts
    const accounts = [
      management,
      { ...prod, state: 'PENDING_CLOSURE' },
      sandbox,
      { ...closed, state: 'ACTIVE' },
    ]
    simulator.control('organization', {
      ...TREE,
      accounts: accounts.map((one) => ({
        ...one,
        state: one?.state === 'PENDING_CLOSURE' ? 'CLOSED' : 'ACTIVE',
      })),
    })
    const first = contextOf(store, START_MS + HOUR_MS)
    await scriptOf().run(first)
    expect(first.lines).toContain('organization of 111111111111: new are 444444444444; gone are 222222222222')
    store.points.length = 0
    await scriptOf().run(contextOf(store, START_MS + HOUR_MS + 300_000))
    expect(Object.keys(collectedOf(store)).toSorted()).toEqual([MANAGEMENT, '333333333333', '444444444444'])
    const expected = await scriptOf().expected?.(contextOf(store))
    expect(expected?.objects[0]?.names.join()).not.toContain('222222222222')
  })

  it('stays as it was listed while AWS does not list it, which is told when it lasts', async () => {
    const { simulator, contextOf, scriptOf } = await start()
    const store = makeStore()
    await scriptOf().run(contextOf(store))
    simulator.control('denials', { actions: ['organizations:*'] })
    const early = contextOf(store, START_MS + HOUR_MS)
    await scriptOf().run(early)
    expect(early.problems).toEqual([])
    expect(early.lines.join('\n')).toContain(
      'accounts stay as they were listed: AWS refuses organizations:ListAccounts',
    )
    store.points.length = 0
    const late = contextOf(store, START_MS + 4 * HOUR_MS)
    await scriptOf().run(late)
    expect(late.problems).toMatchObject([
      { code: 'organization-stale', severity: 'warning', action: 'organizations:ListAccounts' },
    ])
    expect(Object.keys(collectedOf(store))).toHaveLength(3)
  })

  it('is listed over pages that are throttled and come in part', async () => {
    const { simulator, contextOf, scriptOf } = await start()
    const more = Array.from({ length: 45 }, (_, index) => ({
      id: String(500_000_000_000 + index),
      name: 'x',
    }))
    simulator.control('organization', { ...TREE, accounts: [...more, ...TREE.accounts] })
    simulator.control('faults', { api: 'organizations:ListAccounts', kind: 'throttle', times: 4 })
    simulator.control('faults', { api: 'organizations:ListAccounts', kind: 'partialPage', times: 2 })
    const store = makeStore()
    const run = contextOf(store)
    await scriptOf({ exclude: { names: ['x'] } }).run(run)
    expect(run.lines.join('\n')).toContain('collects from 3 of 48 active accounts')
  })
})

describe('an account of an organization', () => {
  it('without the role is named in the record and fails nothing; when none has it, the task fails', async () => {
    const { simulator, contextOf, scriptOf } = await start()
    simulator.control('iam', { accountId: '222222222222', externalId: 'another' })
    const store = makeStore()
    const run = contextOf(store)
    await scriptOf().run(run)
    expect(Object.keys(collectedOf(store)).toSorted()).toEqual([MANAGEMENT, '333333333333'])
    expect(
      run.problems.every(
        ({ code, message }) =>
          code === 'CREDENTIALS_REFUSED' && message.includes('222222222222:role/guance-collector'),
      ),
    ).toBe(true)
    expect(run.problems).toHaveLength(1)
    const none = scriptOf({ role_name: 'no-such-role', exclude: { ids: [MANAGEMENT] } })
    await expect(none.run(contextOf(makeStore()))).rejects.toMatchObject({ code: 'CREDENTIALS_REFUSED' })
  })

  it('is reached through the role that lists, by its own external id', async () => {
    const { simulator, account, contextOf, scriptOf } = await start()
    const { roleArn, externalId } = simulator.info
    const own = { ...account, assume_role_arn: roleArn, external_id: externalId }
    const store = makeStore()
    const template = 'arn:{partition}:iam::{account_id}:role/guance-collector'
    await scriptOf({ role_name: template }, own).run(contextOf(store))
    expect(Object.keys(collectedOf(store))).toHaveLength(3)
  })
})

describe('the policies of an organization', () => {
  it('are enough and the least: for who lists, and one for the role of all accounts', async () => {
    const { simulator, contextOf, scriptOf } = await start()
    const script = scriptOf({ include: { ous: ['r-root'], tags: { env: ['prod'] } } })
    const store = makeStore()
    await script.run(contextOf(store))
    const [lists, role] = makePolicyReports((await script.access?.(contextOf(store))) ?? [], null)
    const actions = lists?.policy.Statement.flatMap(({ Action }) => Action) ?? []
    expect(actions).toEqual(
      [
        'ListAccounts',
        'ListAccountsForParent',
        'ListOrganizationalUnitsForParent',
        'ListTagsForResource',
      ].map((name) => `organizations:${name}`),
    )
    expect(role?.roleArn).toBe('arn:aws:iam::*:role/guance-collector')
    expect(role?.assume?.Statement[0]?.Resource).toBe('arn:aws:iam::*:role/guance-collector')
    expect(role?.trust?.Statement[0]).toMatchObject({
      Principal: { AWS: `arn:aws:iam::${MANAGEMENT}:user/collector` },
      Condition: { StringEquals: { 'sts:ExternalId': simulator.info.externalId } },
    })
    for (const accountId of IDS.slice(1)) simulator.control('iam', { accountId, role: role?.policy })
    const [collect, details] = role?.policy.Statement ?? []
    const own = {
      Version: '2012-10-17',
      Statement: [
        ...(lists?.policy.Statement ?? []),
        ...(role?.assume?.Statement ?? []),
        ...(role?.policy.Statement ?? []),
      ],
    }
    expect([collect, details]).not.toContain(undefined)
    const illWith = async (user: object): Promise<readonly string[]> => {
      simulator.control('iam', { user })
      const checks = (await script.doctor?.(contextOf(makeStore()))) ?? []
      return [...new Set(checks.flatMap(({ id, status }) => (status === 'ok' ? [] : [id])))]
    }
    expect(await illWith(own)).toEqual([])
    for (const action of actions) {
      const Statement = own.Statement.map((one) => ({
        ...one,
        Action: one.Action.filter((each) => each !== action),
      }))
      expect(
        await illWith({ ...own, Statement: Statement.filter(({ Action }) => Action.length > 0) }),
      ).toEqual([`${action}@organization`])
    }
  })

  it('help nobody but the management account and those it delegates to, and doctor says so', async () => {
    const { simulator, contextOf, scriptOf } = await start()
    simulator.control('organization', { ...TREE, askers: ['222222222222'] })
    const [check, ...others] = (await scriptOf().doctor?.(contextOf(makeStore()))) ?? []
    expect(others).toEqual([])
    expect(check).toMatchObject({
      id: 'organizations:ListAccounts@organization',
      status: 'failed',
      remedy: expect.stringContaining('of a delegated administrator: AWS answers nobody else') as string,
    })
    await expect(scriptOf().run(contextOf(makeStore()))).rejects.toMatchObject({ code: 'TASK_FAILED' })
  })
})
