import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Access, Check } from '../../core/dff.ts'
import type { PolicyDocument } from '../../runner/policy/policy-document.ts'
import { makePolicyReports } from '../../runner/policy/policy-report.ts'
import {
  type Aws,
  deployedScript,
  FIRST_TRIGGER_MS,
  FIVE_MINUTES_MS,
  NO_WAIT,
  startAws,
} from './aws-fixture.ts'
import { makeRun, makeStore, type TestRun, type TestStore } from './run-context.ts'

const REGIONS = ['us-east-1', 'eu-west-1']

let aws: Aws
let access: readonly Access[]
let policy: PolicyDocument

function runOf(store: TestStore, number = 0): TestRun {
  return makeRun(store, { triggerTimeMs: FIRST_TRIGGER_MS + number * FIVE_MINUTES_MS, session: aws.session })
}

async function examine(regions: readonly string[] = REGIONS): Promise<readonly Check[]> {
  return (await deployedScript(regions, NO_WAIT).doctor?.(runOf(makeStore()))) ?? []
}

/** Ids of checks that are not well. */
function illOf(checks: readonly Check[]): readonly string[] {
  return checks.flatMap(({ id, status }) => (status === 'ok' ? [] : [id])).toSorted()
}

beforeAll(async () => {
  aws = await startAws({ functions: 24, regions: REGIONS })
  const store = makeStore()
  // A first run learns the account's id, as on any home.
  await deployedScript(REGIONS, NO_WAIT).run(runOf(store))
  access = (await deployedScript(REGIONS, NO_WAIT).access?.(runOf(store))) ?? []
  policy = makePolicyReports(access, null)[0]?.policy ?? { Version: '2012-10-17', Statement: [] }
})

beforeEach(async () => aws.control('POST', 'iam', {}))

afterAll(async () => aws.close())

function without(action: string): PolicyDocument {
  const Statement = policy.Statement.map((one) => ({
    ...one,
    Action: one.Action.filter((each) => each !== action),
  })).filter(({ Action }) => Action.length > 0)
  return { ...policy, Statement }
}

describe('the printed policy', () => {
  it('is enough: doctor finds nothing, and runs with all details have no problem and are refused nothing', async () => {
    expect(JSON.stringify(policy)).toContain(`arn:aws:lambda:*:${aws.session.accountId}:function:*`)
    await aws.control('POST', 'iam', { user: policy })
    expect(illOf(await examine())).toEqual([])
    const store = makeStore()
    for (const number of [0, 1, 2]) {
      const run = runOf(store, number)
      // One after the other: details come with the second one.
      await deployedScript(REGIONS, NO_WAIT).run(run)
      expect(run.problems).toEqual([])
      expect(run.lines.join('\n')).not.toContain('refuses')
    }
    expect(store.points.some(({ fields }) => fields['DetailsTime'] !== undefined)).toBe(true)
  })

  it('is the least: without any one of its actions the check of that action is not well, and no other', async () => {
    const actions = policy.Statement.flatMap(({ Action }) => Action)
    expect(actions).toHaveLength(12)
    for (const action of actions) {
      await aws.control('POST', 'iam', { user: without(action) })
      const expected = REGIONS.map((region) => `${action}@${aws.session.accountId}/${region}`).toSorted()
      expect(illOf(await examine())).toEqual(expected)
    }
  })

  it('allows no other region and no function of another account', async () => {
    const [first] = access
    const narrow = makePolicyReports([{ ...(first as Access), regions: ['us-east-1'] }], null)[0]?.policy
    await aws.control('POST', 'iam', { user: narrow })
    const ill = illOf(await examine())
    expect(ill).toContain(`lambda:ListFunctions@${aws.session.accountId}/eu-west-1`)
    expect(ill).not.toContain(`lambda:ListFunctions@${aws.session.accountId}/us-east-1`)
    const foreign = JSON.parse(
      JSON.stringify(policy).replaceAll(aws.session.accountId, '999999999999'),
    ) as object
    await aws.control('POST', 'iam', { user: foreign })
    expect(illOf(await examine())).toContain(`lambda:ListAliases@${aws.session.accountId}/us-east-1`)
  })
})

describe('doctor', () => {
  it('tells what the organization denies from what the policy lacks', async () => {
    const deny = { Effect: 'Deny', Action: 'lambda:*', Resource: '*' }
    const allow = { Effect: 'Allow', Action: '*', Resource: '*' }
    await aws.control('POST', 'iam', { scp: { Version: '2012-10-17', Statement: [allow, deny] } })
    const byOrganization = (await examine()).find(({ id }) => id.startsWith('lambda:ListFunctions@'))
    expect(byOrganization?.detail).toContain('a service control policy of the organization denies it')
    expect(byOrganization?.detail).toContain('Ask whoever administers the organization')
    expect(byOrganization).not.toHaveProperty('remedy')
    await aws.control('POST', 'iam', { user: without('lambda:ListFunctions') })
    const byPolicy = (await examine()).find(({ id }) => id.startsWith('lambda:ListFunctions@'))
    expect(byPolicy?.detail).not.toContain('organization')
    expect(byPolicy?.remedy).toBe(
      'Allow lambda:ListFunctions: without it, no objects, and no Runtime on metrics. dff policy prints the whole policy.',
    )
  })

  it('has one check for a region that is not enabled, and one for a region of another partition', async () => {
    const ill = illOf(await examine(['us-east-1', 'af-south-1', 'cn-north-1']))
    expect(new Set(ill)).toEqual(
      new Set([
        `region@${aws.session.accountId}/af-south-1`,
        `partition@${aws.session.accountId}/cn-north-1`,
      ]),
    )
  })

  it('names a clock that is wrong', async () => {
    await aws.control('POST', 'clock', { offsetMs: 180_000 })
    try {
      const clock = (await examine()).find(({ id }) => id.startsWith('clock@'))
      expect(clock).toMatchObject({
        status: 'failed',
        detail: expect.stringMatching(/^It is 1\d\d s behind AWS/) as string,
      })
    } finally {
      await aws.control('POST', 'clock', { offsetMs: -180_000 })
    }
  })
})
