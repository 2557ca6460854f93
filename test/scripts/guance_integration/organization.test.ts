import { describe, expect, it } from 'vitest'
import type { Organization as OrganizationConfig } from '../../../core/dff.ts'
import { LambdaCollector } from '../../../scripts/guance_aws_lambda/main.ts'
import { Organization } from '../../../scripts/guance_integration/main.ts'

describe('what is wrong with an organization in a Startup script', () => {
  it.each<[string, object, RegExp]>([
    [
      'a role for another place',
      { role_name: 'arn:aws:iam::111111111111:role/x' },
      /organization: role_name/,
    ],
    ['an external id of the host', { role_name: 'x', external_id: 'auto' }, /organization: external_id/],
    [
      'a unit by its name',
      { role_name: 'x', include: { ous: ['Production'] } },
      /organization: include\.ous/,
    ],
    ['no rule', { role_name: 'x', include: {} }, /organization: include/],
  ])('is said when it loads: %s', (_title, organization, message) => {
    const make = () => Organization({}, organization as OrganizationConfig, () => [])
    expect(make).toThrow(message)
  })

  it('is said when it loads: collectors that no account could have', () => {
    const make = () =>
      Organization({}, { role_name: 'x' }, (member) =>
        LambdaCollector(member, { regions: ['nowhere-1'] } as never),
      )
    expect(make).toThrow(/collectorConfigs/)
  })
})
