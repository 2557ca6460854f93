import { describe, expect, it } from 'vitest'
import { ListingRoom } from '../../../scripts/guance_aws_lambda/listing-room.ts'
import { makeRun, makeStore } from '../run-context.ts'

const SESSION = { accountId: '1', arn: 'a', partition: 'aws', accessKeyId: 'x', secretAccessKey: 'y' }

/** Regions of one run, each with pages that are known and pages that its listing turns out to have. */
function startAll(regions: readonly { readonly known?: number; readonly listed: number }[]) {
  const run = makeRun(makeStore(), { triggerTimeMs: 0, session: SESSION })
  const held: number[] = []
  const works = regions.map(({ known, listed }, index) => {
    const end = Promise.withResolvers<undefined>()
    const done = ListingRoom.within(run, known, async (room) => {
      for (let page = 1; page <= listed; page += 1) await room.turnPage(page)
      held.push(index)
      await end.promise
    })
    return async (): Promise<void> => {
      end.resolve(undefined)
      await done
    }
  })
  return { held, works }
}

/** Lets everything go as far as it can. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await new Promise(setImmediate)
}

describe('the functions that a run holds at the same time', () => {
  it('are those of three regions of 10,000, in the order of asking; the next one follows when one is done', async () => {
    const { held, works } = startAll(Array.from({ length: 8 }, () => ({ known: 200, listed: 200 })))
    await settle()
    expect(held).toEqual([0, 1, 2])
    await works[1]?.()
    await settle()
    expect(held).toEqual([0, 1, 2, 3])
    for (const work of works) await work()
    expect(held).toHaveLength(8)
  })

  it('are bounded also where nobody knows yet how many there are', async () => {
    const { held, works } = startAll(Array.from({ length: 40 }, () => ({ listed: 200 })))
    await settle()
    expect(held).toHaveLength(6)
    for (const work of works) await work()
    expect(held).toHaveLength(40)
  })

  it('make no small region wait, whatever the large ones do', async () => {
    const large = { known: 800, listed: 800 }
    const { held, works } = startAll([large, large, { known: 5, listed: 5 }, { listed: 5 }])
    await settle()
    expect(held.toSorted((left, right) => left - right)).toEqual([0, 2, 3])
    for (const work of works) await work()
    expect(held).toContain(1)
  })

  it('make no region that is listed at every run wait for one that takes minutes, nor for those that wait for it', async () => {
    const large = { known: 600, listed: 600 }
    const medium = { known: 30, listed: 30 }
    const { held, works } = startAll([large, large, ...Array.from({ length: 8 }, () => medium)])
    await settle()
    expect(held.toSorted((left, right) => left - right)).toEqual([0, 2, 3, 4, 5, 6, 7])
    await works[2]?.()
    await settle()
    expect(held).toContain(8)
    expect(held).not.toContain(1)
    for (const work of works) await work()
    expect(held).toHaveLength(10)
  })

  it('leave room again when a region fails', async () => {
    const run = makeRun(makeStore(), { triggerTimeMs: 0, session: SESSION })
    const failing = ListingRoom.within(run, 800, async () => Promise.reject(new Error('no')))
    await expect(failing).rejects.toThrow('no')
    await expect(ListingRoom.within(run, 800, async () => 'next')).resolves.toBe('next')
  })
})
