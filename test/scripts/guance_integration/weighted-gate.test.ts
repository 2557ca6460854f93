import { setImmediate as turn } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { gatePer, WeightedGate } from '../../../scripts/guance_integration/weighted-gate.ts'

/** Works that say when they begin, and end when they are told to. */
function startAll(gate: WeightedGate, weights: readonly number[]) {
  const begun: number[] = []
  const works = weights.map((weight, index) => {
    const end = Promise.withResolvers<number>()
    const done = gate.within(weight, async () => {
      begun.push(index)
      return end.promise
    })
    return { end, done }
  })
  return { begun, works }
}

it('lets works begin in their order as far as their weights fit together', async () => {
  const gate = new WeightedGate(10)
  const { begun, works } = startAll(gate, [4, 5, 2, 1])
  await turn()
  // The last one would fit, and may not overtake the third for ever.
  expect(begun).toEqual([0, 1])
  works[0]?.end.resolve(7)
  expect(await works[0]?.done).toBe(7)
  await turn()
  expect(begun).toEqual([0, 1, 2, 3])
})

it('lets what is heavier than everything run alone', async () => {
  const gate = new WeightedGate(10)
  const { begun, works } = startAll(gate, [1, 50, 1])
  await turn()
  expect(begun).toEqual([0])
  works[0]?.end.resolve(0)
  await works[0]?.done
  await turn()
  expect(begun).toEqual([0, 1])
  works[1]?.end.resolve(0)
  await works[1]?.done
  await turn()
  expect(begun).toEqual([0, 1, 2])
})

it('gives back the room of what fails', async () => {
  const gate = new WeightedGate(1)
  await expect(gate.within(1, async () => Promise.reject(new Error('no')))).rejects.toThrow('no')
  await expect(gate.within(1, async () => 'next')).resolves.toBe('next')
})

it('says whether there is room now, which there is not for whoever would overtake', async () => {
  const gate = new WeightedGate(10)
  expect(gate.hasRoom(50)).toBe(true)
  const giveBack = await gate.take(6)
  expect([gate.hasRoom(4), gate.hasRoom(5)]).toEqual([true, false])
  const waiting = gate.take(5)
  expect(gate.hasRoom(1)).toBe(false)
  giveBack()
  const giveBackNext = await waiting
  giveBackNext()
  expect(gate.hasRoom(10)).toBe(true)
})

it('is one for all who ask for the same run, and another for another', async () => {
  const gateOf = gatePer(1)
  const [first, second] = [{}, {}]
  const giveBack = await gateOf(first).take(1)
  expect([gateOf(first).hasRoom(1), gateOf(second).hasRoom(1)]).toEqual([false, true])
  giveBack()
  expect(gateOf(first).hasRoom(1)).toBe(true)
})
