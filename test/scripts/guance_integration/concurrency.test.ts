import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { mapConcurrently } from '../../../scripts/guance_integration/concurrency.ts'

describe('mapConcurrently', () => {
  it('keeps the order and never has more than the limit in flight', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(20)), fc.integer({ min: 1, max: 8 }), async (items, limit) => {
        let inFlight = 0
        let most = 0
        const results = await mapConcurrently(items, limit, async (item) => {
          inFlight += 1
          most = Math.max(most, inFlight)
          for (let turn = 0; turn < item % 4; turn += 1) await Promise.resolve()
          inFlight -= 1
          return item * 2
        })
        expect(results).toEqual(items.map((item) => item * 2))
        expect(most).toBeLessThanOrEqual(limit)
      }),
    )
  })

  it('begins nothing after a failure and settles only when what was in flight has ended', async () => {
    const begun: number[] = []
    let hasEnded = false
    const run = mapConcurrently([0, 1, 2, 3], 2, async (item) => {
      begun.push(item)
      if (item === 0) throw new Error('first')
      await new Promise((resolve) => setImmediate(resolve))
      hasEnded = true
    })
    await expect(run).rejects.toThrow('first')
    expect(begun).toEqual([0, 1])
    expect(hasEnded).toBe(true)
  })
})
