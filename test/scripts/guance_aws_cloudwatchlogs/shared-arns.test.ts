import { describe, expect, it } from 'vitest'
import { compileTargets } from '../../../scripts/guance_aws_cloudwatchlogs/log-targets.ts'
import { sharedArns } from '../../../scripts/guance_aws_cloudwatchlogs/shared-arns.ts'

const ARN = 'arn:aws:logs:us-east-1:210987654321:log-group:'

function arnsOf(names: readonly string[]): readonly string[] {
  const targets = names.map((name) => ({ log_group_name: name }))
  return sharedArns(compileTargets({ log_groups: [{ region_id: 'us-east-1', targets }] }))
}

describe('groups that are named by ARN', () => {
  it('are named in a policy with their streams, each once, and names are not', () => {
    expect(arnsOf([`${ARN}/a`, `${ARN}/a:*`, '/b'])).toEqual([`${ARN}/a:*`])
  })

  it('are named by account where they are so many that a policy would not hold them', () => {
    const many = Array.from({ length: 21 }, (_, index) => `${ARN}/aws/lambda/function-${index}`)
    const other = 'arn:aws:logs:us-east-1:345678901234:log-group:/c'
    expect(arnsOf([...many, other])).toEqual([`${ARN}*`, other.replace('/c', '*')])
  })
})
