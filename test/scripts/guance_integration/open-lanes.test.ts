import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { Collector } from '../../../scripts/guance_integration/collector.ts'
import { alongCollectors } from '../../../scripts/guance_integration/open-lanes.ts'
import { makeRun, makeStore } from '../run-context.ts'

const SESSION = { accountId: '1', arn: 'a', partition: 'aws', accessKeyId: 'x', secretAccessKey: 'y' }

function newRun(signal = new AbortController().signal) {
  return makeRun(makeStore(), { triggerTimeMs: 0, session: SESSION, signal })
}

function collectorOf(name: string, accountId: Collector['accountId']): Collector {
  return {
    name,
    accountId,
    run: async () => [],
    expected: async () => ({ objects: [], metrics: [] }),
    doctor: async () => [],
  }
}

const TWELVE = Array.from({ length: 12 }, (_, index) => `account ${index}`)

describe('collectors of several accounts', () => {
  it('begin when it is known whose they are, and wait for no other account', async () => {
    const silent = Promise.withResolvers<string>()
    const known = Promise.withResolvers<undefined>()
    // More accounts that are silent than are at work at once.
    const collectors = [
      ...TWELVE.map((name) => collectorOf(name, async () => silent.promise)),
      ...TWELVE.map((id) => collectorOf(id, async () => id)),
    ]
    const begun: string[] = []
    const running = alongCollectors(newRun(), collectors, {
      patienceMs: 0,
      step: async ({ index }, { accountId }) => {
        begun.push(`${index} of ${accountId}`)
        if (index === 23) known.resolve(undefined)
      },
    })
    await known.promise
    expect(begun).toEqual(TWELVE.map((id, index) => `${index + 12} of ${id}`))
    silent.resolve('silent')
    const lanes = await running
    expect(begun.slice(12)).toEqual(TWELVE.map((_, index) => `${index} of silent`))
    expect(lanes.map(({ accountId }) => accountId)).toEqual(['silent', ...TWELVE])
  })

  it('keep their order where two blocks turn out to be one account, whichever is known first', async () => {
    const slow = Promise.withResolvers<string>()
    const quick = async (): Promise<string> => {
      setImmediate(() => setImmediate(() => slow.resolve('a')))
      return 'a'
    }
    const begun: string[] = []
    await alongCollectors(
      newRun(),
      [collectorOf('Objects', async () => slow.promise), collectorOf('Metrics', quick)],
      { step: async ({ collector: { name } }) => void begun.push(name) },
    )
    expect(begun).toEqual(['Objects', 'Metrics'])
  })

  it('that nobody can assign come when all others are done, one after the other: they may be of any account', async () => {
    const refused = async (): Promise<string> => Promise.reject(new Error('no credentials'))
    const log: string[] = []
    const lanes = await alongCollectors(
      newRun(),
      [collectorOf('A', refused), collectorOf('B', undefined), collectorOf('C', async () => 'c')],
      {
        step: async ({ collector: { name } }, { accountId }) => {
          log.push(`${name} of ${accountId} begins`)
          await turn()
          log.push(`${name} ends`)
        },
      },
    )
    expect(log).toEqual([
      'C of c begins',
      'C ends',
      'A of undefined begins',
      'A ends',
      'B of undefined begins',
      'B ends',
    ])
    expect(lanes.map(({ collectors }) => collectors.length)).toEqual([2, 1])
  })

  it('of one account know that they are alone', async () => {
    const opening = Promise.withResolvers<string>()
    const isAlone: boolean[] = []
    const running = alongCollectors(
      newRun(),
      ['A', 'B'].map((name) => collectorOf(name, async () => opening.promise)),
      { step: async (_, lane) => void isAlone.push(lane.isAlone) },
    )
    opening.resolve('a')
    await running
    expect(isAlone).toEqual([true, true])
  })

  it('end with what one of them throws, although another is not known yet', async () => {
    const never = new Promise<string>(() => undefined)
    const lost = new Error('lost')
    const running = alongCollectors(
      newRun(),
      [collectorOf('A', async () => 'a'), collectorOf('B', async () => never)],
      {
        step: async () => {
          throw lost
        },
      },
    )
    await expect(running).rejects.toBe(lost)
  })

  it('are not begun in a run that was aborted', async () => {
    const controller = new AbortController()
    controller.abort(new Error('deadline'))
    const begun: number[] = []
    const running = alongCollectors(newRun(controller.signal), [collectorOf('A', async () => 'a')], {
      step: async ({ index }) => void begun.push(index),
    })
    await expect(running).rejects.toThrow('deadline')
    expect(begun).toEqual([])
  })
})
