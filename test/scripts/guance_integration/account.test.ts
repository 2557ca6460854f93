import { describe, expect, it } from 'vitest'
import type { Account } from '../../../core/dff.ts'
import { checkAccountId, parseAccount } from '../../../scripts/guance_integration/account.ts'

/** What an editor would mark, and Node runs all the same. */
function untyped(account: object): Account {
  return account
}

describe('the account block', () => {
  it('accepts keys by reference, a role, and the default chain', () => {
    const keys: Account = { ak_id: 'AKIAIOSFODNN7EXAMPLE', ak_secret: { $secret: 'a.b' } }
    expect(parseAccount(keys)).toBe(keys)
    expect(parseAccount({})).toEqual({})
    expect(() =>
      parseAccount({ assume_role_arn: 'arn:aws:iam::123456789012:role/a', external_id: 'xy' }),
    ).not.toThrow()
  })

  it('refuses a literal secret, says what to write, and does not repeat it', () => {
    const secret = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'
    const parse = () => parseAccount(untyped({ ak_id: 'AKIAIOSFODNN7EXAMPLE', ak_secret: secret }))
    expect(parse).toThrow(/expected DFF\.SECRET\('<name>'\), got a literal string \(not shown\)/)
    expect(parse).not.toThrow(secret)
  })

  it.each(['serial_number', 'token_code'])('says that sessions with %s are not offered yet', (key) => {
    expect(() => parseAccount(untyped({ [key]: '123456' }))).toThrow(/multi-factor.*not offered yet/)
  })

  it('refuses cloud_provider among the extra tags', () => {
    expect(() => parseAccount({ extra_tags: { cloud_provider: 'aws' } })).toThrow(
      /extra_tags\.cloud_provider.*collectors set themselves/,
    )
  })

  it('refuses a way of roles through another partition, and a longer session than AWS gives behind one', () => {
    const account = {
      assume_role_arn: 'arn:aws-cn:iam::123456789012:role/a',
      assume_role_chain: [{ role_arn: 'arn:aws-cn:iam::123456789012:role/b', external_id: 'xy' }],
    }
    expect(() => parseAccount(account)).not.toThrow()
    const foreign = { ...account, assume_role_chain: ['arn:aws:iam::123456789012:role/b'] }
    expect(() => parseAccount(foreign)).toThrow(
      /assume_role_chain\[0\]: expected a role of partition aws-cn.*got arn:aws:iam/,
    )
    expect(() => parseAccount({ ...account, session_duration_sec: 7_200 })).toThrow(
      /session_duration_sec: expected at most 3600 with assume_role_chain, got 7200/,
    )
    const { assume_role_chain: _, ...alone } = account
    expect(() => parseAccount({ ...alone, session_duration_sec: 7_200 })).not.toThrow()
    expect(() => parseAccount({ ...alone, session_duration_sec: 60 })).toThrow(/session_duration_sec/)
  })

  it('refuses an empty and a half key', () => {
    expect(() => parseAccount({ ak_id: '', ak_secret: { $secret: 'a' } })).toThrow(/ak_id/)
    expect(() => parseAccount({ ak_id: 'AKIAIOSFODNN7EXAMPLE' })).toThrow(/ak_secret/)
    expect(() => parseAccount(untyped({ ak_idd: 'x' }))).toThrow(/ak_id/)
  })

  it('refuses an account id in the tags that is not the session’s', () => {
    const session = {
      accountId: '123456789012',
      arn: 'a',
      partition: 'aws',
      accessKeyId: 'x',
      secretAccessKey: 'y',
    }
    expect(() => checkAccountId({ extra_tags: { account_id: '123456789012' } }, session)).not.toThrow()
    expect(() => checkAccountId({ extra_tags: { account_id: '000000000000' } }, session)).toThrow(
      /expected 123456789012.*got 000000000000/,
    )
  })
})
