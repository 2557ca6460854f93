import { describe, expect, it } from 'vitest'
import { splitCost } from '../../bench/poll-sample.ts'

describe('what polls cost', () => {
  it('is told apart by period and window: live, the longest of 14 days, audit', () => {
    const first = { '60 s over 3 h': 630, '86400 s over 336 h': 21 }
    const after = { ...first, '60 s over 1 h': 3_150, '60 s over 4 h': 6, '60 s over 31 h': 600 }
    expect(splitCost(3_780, { first, after })).toEqual({
      ideal: 3_780,
      regular: 630 + 3_150,
      longest: 21,
      audit: 606,
    })
  })

  it('takes whatever the first poll asks of minutes for regular: it audits nothing, and asking twice must show', () => {
    const first = { '60 s over 4 h': 630, '60 s over 1 h': 630 }
    const cost = splitCost(1_260, { first, after: { ...first, '60 s over 1 h': 1_260 } })
    expect(cost).toEqual({ ideal: 1_260, regular: 1_890, longest: 0, audit: 0 })
  })
})
