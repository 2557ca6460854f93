import { describe, expect, it } from 'vitest'
import { PageGate } from '../../../scripts/guance_aws_cloudwatchlogs/page-gate.ts'

describe('the gate of pages', () => {
  it('lets so many in at once, in the order of asking, and the next one when one fails', async () => {
    const gate = new PageGate(2)
    const begun: number[] = []
    const ends: ((error?: Error) => void)[] = []
    const works = [0, 1, 2, 3].map((number) =>
      gate.within(async () => {
        begun.push(number)
        await new Promise<void>((resolve, reject) => {
          ends[number] = (error) => (error === undefined ? resolve() : reject(error))
        })
        return number
      }),
    )
    await Promise.resolve()
    expect(begun).toEqual([0, 1])
    ends[1]?.(new Error('cut'))
    await expect(works[1]).rejects.toThrow('cut')
    expect(begun).toEqual([0, 1, 2])
    ends[0]?.()
    await works[0]
    expect(begun).toEqual([0, 1, 2, 3])
    ends[2]?.()
    ends[3]?.()
    await expect(Promise.all([works[0], works[2], works[3]])).resolves.toEqual([0, 2, 3])
  })
})
