import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cutRanges, isWithin, joinRanges, lengthOf } from '../../../scripts/guance_aws_cloudwatch/ranges.ts'

const window = fc
  .tuple(fc.nat(40), fc.nat(10))
  .map(([startMs, length]) => ({ startMs, endMs: startMs + length }))
const windows = fc.array(window, { maxLength: 8 })
const TIMES = Array.from({ length: 60 }, (_, timeMs) => timeMs)

describe('ranges', () => {
  it('cover what they covered before they were joined, each time once, oldest first', () => {
    fc.assert(
      fc.property(windows, (list) => {
        const joined = joinRanges(list)
        for (const timeMs of TIMES) expect(isWithin(joined, timeMs)).toBe(isWithin(list, timeMs))
        expect(lengthOf(joined)).toBe(TIMES.filter((timeMs) => isWithin(list, timeMs)).length)
        expect(joined).toEqual(joined.toSorted((left, right) => left.startMs - right.startMs))
      }),
    )
  })

  it('lose exactly what is cut out of them', () => {
    fc.assert(
      fc.property(windows, window, (list, cut) => {
        const left = cutRanges(list, cut)
        for (const timeMs of TIMES) {
          expect(isWithin(left, timeMs)).toBe(isWithin(list, timeMs) && !isWithin([cut], timeMs))
        }
      }),
    )
  })
})
