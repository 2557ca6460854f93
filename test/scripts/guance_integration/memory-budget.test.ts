import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { budgetPer, MemoryBudget } from '../../../scripts/guance_integration/memory-budget.ts'

/** Work that ends when it is told to. */
function makeWork(log: string[], name: string) {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const work = async (): Promise<string> => {
    log.push(name)
    return promise
  }
  return { work, end: () => resolve(name), fail: () => reject(new Error(name)) }
}

describe('the memory of a run', () => {
  it('holds the slices that fit together, in the order of asking', async () => {
    const log: string[] = []
    const budget = new MemoryBudget(10)
    const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) => makeWork(log, name))
    if (a === undefined || b === undefined || c === undefined || d === undefined) throw new Error('no work')
    const ends = [
      budget.within(6, a.work),
      budget.within(4, b.work),
      budget.within(5, c.work),
      budget.within(1, d.work),
    ]
    await setImmediate()
    expect(log).toEqual(['a', 'b'])
    b.end()
    expect(await ends[1]).toBe('b')
    // c does not fit yet, and d may not overtake it for ever.
    expect(log).toEqual(['a', 'b'])
    a.end()
    await ends[0]
    c.end()
    d.end()
    expect(await Promise.all(ends)).toEqual(['a', 'b', 'c', 'd'])
  })

  it('lets what is too large run alone, and has its room back from what fails', async () => {
    const log: string[] = []
    const budget = new MemoryBudget(10)
    const large = makeWork(log, 'large')
    const small = makeWork(log, 'small')
    const failing = budget.within(50, large.work)
    const waiting = budget.within(1, small.work)
    await setImmediate()
    expect(log).toEqual(['large'])
    large.fail()
    await expect(failing).rejects.toThrow('large')
    small.end()
    expect(await waiting).toBe('small')
  })

  it('is one for all who ask for the same run, and another for another', async () => {
    const budgetOf = budgetPer(1)
    const [first, second] = [{}, {}]
    const giveBack = await budgetOf(first).take(1)
    let hasMore = false
    const waiting = budgetOf(first)
      .take(1)
      .then(() => (hasMore = true))
    await budgetOf(second).take(1)
    expect(hasMore).toBe(false)
    giveBack()
    await expect(waiting).resolves.toBe(true)
  })
})
