import { describe, expect, it } from 'vitest'
import listing from '../../../marketplace.json' with { type: 'json' }
import { validate } from '../../../core/parameters.ts'
import { findListed, resolveAlias } from '../../../runner/market/listing.ts'

const LISTING = validate('marketplace', listing, 'marketplace.json')

describe('a set with another name', () => {
  it('is found by either, and by nothing like them', () => {
    for (const name of ['guance_aws_billing', 'guance_aws_billing_by_instance']) {
      expect(findListed(LISTING, name).manifest.id).toBe('guance_aws_billing')
    }
    expect(() => findListed(LISTING, 'guance_aws_billing_by_instances')).toThrow(
      /Did you mean guance_aws_billing_by_instance\?/,
    )
  })

  it('does not take the name of a set that is called so itself', () => {
    const [first, ...others] = LISTING.sets
    if (first === undefined) throw new Error('the listing is empty')
    const greedy = { ...first, manifest: { ...first.manifest, aliases: ['guance_aws_lambda'] } }
    expect(resolveAlias({ ...LISTING, sets: [greedy, ...others] }, 'guance_aws_lambda')).toBe(
      'guance_aws_lambda',
    )
  })
})
