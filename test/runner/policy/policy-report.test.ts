import { describe, expect, it } from 'vitest'
import { expectGolden } from '../../golden.ts'
import { goldenFile, runScene } from '../cli/scene.ts'
import type { Access, AccessAction } from '../../../core/script.ts'
import { makePolicyReports } from '../../../runner/policy/policy-report.ts'
import { renderTerraform } from '../../../runner/policy/terraform.ts'

function action(name: string, part: Partial<AccessAction> = {}): AccessAction {
  return { action: name, on: 'account', gives: 'something', isOptional: false, ...part }
}

const KEY: Access = {
  title: 'key AKIAIOSFODNN7EXAMPLE',
  regions: ['eu-west-1', 'us-east-1'],
  actions: [
    action('lambda:ListFunctions'),
    action('lambda:ListAliases', { on: 'function', isOptional: true }),
  ],
}

const ROLE: Access = {
  ...KEY,
  title: 'arn:aws-cn:iam::123456789012:role/path/guance',
  roleArn: 'arn:aws-cn:iam::123456789012:role/path/guance',
  accountId: '123456789012',
  externalId: '${e}',
  principalArn: 'arn:aws-cn:iam::999999999999:user/collector',
  regions: ['cn-north-1'],
}

describe('the policy of an account', () => {
  it('allows what the scripts call, in their regions, and on functions where IAM can tell', () => {
    const [report, ...others] = makePolicyReports([KEY], null)
    expect(others).toEqual([])
    const condition = { Condition: { StringEquals: { 'aws:RequestedRegion': ['eu-west-1', 'us-east-1'] } } }
    expect(report).toMatchObject({ partition: 'aws', roleArn: null, trust: null, assume: null })
    expect(report?.policy.Statement).toEqual([
      { Sid: 'Collect', Effect: 'Allow', Action: ['lambda:ListFunctions'], Resource: '*', ...condition },
      {
        Sid: 'DetailFunctions',
        Effect: 'Allow',
        Action: ['lambda:ListAliases'],
        Resource: 'arn:aws:lambda:*:*:function:*',
        ...condition,
      },
    ])
  })

  it('is one for all scripts that name it; other regions have a statement of their own', () => {
    const metrics = {
      ...KEY,
      regions: ['us-east-1', 'eu-west-1'],
      actions: [action('cloudwatch:GetMetricData')],
    }
    const far = { ...KEY, accountId: '123456789012', regions: ['ap-east-1'] }
    const [report, ...others] = makePolicyReports([KEY, metrics, far], null)
    expect(others).toEqual([])
    expect(report?.policy.Statement.map(({ Sid, Action }) => [Sid, Action])).toEqual([
      ['Collect', ['cloudwatch:GetMetricData', 'lambda:ListFunctions']],
      ['DetailFunctions', ['lambda:ListAliases']],
      ['Collect2', ['lambda:ListFunctions']],
      ['DetailFunctions2', ['lambda:ListAliases']],
    ])
    expect(report?.policy.Statement[1]?.Resource).toBe('arn:aws:lambda:*:123456789012:function:*')
  })

  it('of a role says who assumes it by which external id, in the partition of the role or in another', () => {
    const [report] = makePolicyReports([ROLE], null)
    expect(report?.partition).toBe('aws-cn')
    expect(report?.trust?.Statement[0]).toMatchObject({
      Action: ['sts:AssumeRole'],
      Principal: { AWS: 'arn:aws-cn:iam::999999999999:user/collector' },
      Condition: { StringEquals: { 'sts:ExternalId': '${e}' } },
    })
    expect(report?.assume?.Statement[0]?.Resource).toBe(ROLE.roleArn)
    const [other] = makePolicyReports([ROLE], 'aws-us-gov')
    expect(JSON.stringify(other)).not.toContain('"arn:aws-cn:lambda')
    expect(other?.roleArn).toBe('arn:aws-us-gov:iam::123456789012:role/path/guance')
  })

  it('names the log groups that other accounts share, in its partition, once the account is known', () => {
    const shared = 'arn:aws:logs:us-east-1:210987654321:log-group:/shop:*'
    const read = action('logs:FilterLogEvents', { on: 'log-group', sharedArns: [shared] })
    const access = { ...KEY, accountId: '123456789012', actions: [read] }
    const own = 'arn:aws:logs:*:123456789012:log-group:*'
    const resourcesIn = (one: Access, partition: string | null) =>
      makePolicyReports([one], partition)[0]?.policy.Statement.map(({ Resource }) => Resource)
    expect(resourcesIn(access, null)).toEqual([[own, shared]])
    expect(resourcesIn(access, 'aws-cn')).toEqual([
      [own, shared].map((arn) => arn.replace('arn:aws:', 'arn:aws-cn:')),
    ])
    expect(resourcesIn({ ...KEY, actions: [read] }, null)).toEqual(['arn:aws:logs:*:*:log-group:*'])
  })

  it('leaves out the trust policy where nobody knows who assumes the role', () => {
    const { principalArn: _, ...unknown } = ROLE
    expect(makePolicyReports([unknown], null)[0]?.trust).toBeNull()
    expect(makePolicyReports([unknown], null)[0]?.assume).not.toBeNull()
  })
})

describe('Terraform', () => {
  it('of a role is its golden text', async () => {
    const { code, stdout } = await runScene([
      'policy',
      'guance_aws_lambda',
      '--terraform',
      '--partition',
      'aws-cn',
    ])
    expectGolden(stdout, goldenFile('policy-terraform'))
    expect(code).toBe(0)
    expect((await runScene(['policy', 'empty'])).code).toBe(1)
  })

  it('names each resource once, and takes nothing of a policy for an expression', () => {
    const text = renderTerraform(makePolicyReports([KEY, ROLE], null))
    const names = [...text.matchAll(/^resource "(\w+)" "(\w+)"/gm)].map(([, type, name]) => `${type}.${name}`)
    expect(names).toEqual([
      'aws_iam_policy.guance',
      'aws_iam_policy.guance_2',
      'aws_iam_role.guance_2',
      'aws_iam_role_policy_attachment.guance_2',
      'aws_iam_policy.guance_2_assume',
    ])
    expect(text).toContain('"sts:ExternalId": "$${e}"')
    expect(text).toContain('name               = "guance"')
  })
})
