import { describe, expect, it } from 'vitest'
import { DffError, type Problem } from '../../../core/dff.ts'
import type { Collector, RegionResult } from '../../../scripts/guance_integration/collector.ts'
import { Runner } from '../../../scripts/guance_integration/runner.ts'
import { makeRun, makeStore, SESSION } from '../run-context.ts'

const PROBLEM: Problem = {
  code: 'transient',
  severity: 'error',
  scope: '1/us-east-1',
  message: 'AWS was away.',
}

function newRun(signal?: AbortSignal) {
  return makeRun(makeStore(), {
    triggerTimeMs: 0,
    session: SESSION,
    ...(signal === undefined ? {} : { signal }),
  })
}

function collector(
  name: string,
  run: () => Promise<readonly RegionResult[]>,
  part: Partial<Collector> = {},
): Collector {
  return {
    name,
    accountId: undefined,
    run,
    expected: async () => ({ objects: [], metrics: [] }),
    doctor: async () => [],
    ...part,
  }
}

const works = async (): Promise<readonly RegionResult[]> => [
  { kind: 'collected', scope: '1/us-east-1', points: 3 },
]
const fails = async (): Promise<readonly RegionResult[]> => [
  { kind: 'failed', scope: '1/us-east-1', problem: PROBLEM },
]

describe('Runner', () => {
  it('runs its collectors in the given order and says so in the log', async () => {
    const run = newRun()
    const value = await Runner([collector('Objects', works), collector('Metrics', works)]).run(run)
    expect(run.lines).toEqual(['run collector #1: `Objects`', 'run collector #2: `Metrics`'])
    expect(value).toEqual({ '1 Objects': 3, '2 Metrics': 3 })
  })

  it('runs accounts side by side, at most eight, and the collectors of each in their order', async () => {
    const run = newRun()
    let atWork = 0
    let most = 0
    const begun: string[] = []
    const of = (accountId: string, name: string): Collector =>
      collector(
        name,
        async () => {
          atWork += 1
          most = Math.max(most, atWork)
          begun.push(`${accountId} ${name}`)
          // Turns of the loop: whoever else may begin meanwhile does.
          for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate)
          atWork -= 1
          return works()
        },
        { accountId: async () => accountId },
      )
    const accounts = Array.from({ length: 20 }, (_, index) => `account ${index}`)
    const value = await Runner(accounts.flatMap((id) => [of(id, 'Objects'), of(id, 'Metrics')])).run(run)
    expect(most).toBe(8)
    for (const id of accounts) {
      expect(begun.indexOf(`${id} Objects`)).toBeLessThan(begun.indexOf(`${id} Metrics`))
    }
    expect(Object.keys(value as object)).toHaveLength(40)
    expect(run.lines).toContain('run collector #4: `Metrics` of account 1')
  })

  it('ends what other accounts have under way at their next step when the host takes nothing more', async () => {
    const lost = new DffError({ code: 'LEASE_LOST', place: 'p', expected: 'e', got: 'g', remedy: 'r' })
    const failed = Promise.withResolvers<undefined>()
    const breaks = collector(
      'A',
      async () => {
        failed.resolve(undefined)
        throw lost
      },
      { accountId: async () => 'a' },
    )
    const other = (name: string): Collector =>
      collector(name, async () => failed.promise.then(works), { accountId: async () => 'b' })
    const run = newRun()
    await expect(Runner([breaks, other('B'), other('never run')]).run(run)).rejects.toBe(lost)
    expect(run.lines.join()).not.toContain('never run')
  })

  it('leaves to the end what can wait, and fails nothing by it', async () => {
    const run = newRun()
    const waits = (name: string, later: () => Promise<never[]>) =>
      collector(name, works, {
        later: async () => {
          run.log(`later ${name}`)
          return later()
        },
      })
    const breaks = waits('A', async () => {
      throw new Error('broken')
    })
    await Runner([breaks, waits('B', async () => [])]).run(run)
    expect(run.lines).toEqual(['run collector #1: `A`', 'run collector #2: `B`', 'later A', 'later B'])
    expect(run.problems).toMatchObject([{ scope: 'A', severity: 'warning', message: 'broken' }])
    const rehearsal = { ...newRun(), debug: true }
    await Runner([breaks]).run(rehearsal)
    expect(rehearsal.lines).toEqual(['run collector #1: `A`'])
    const failing = collector('C', async () => Promise.reject(new Error('no')), {
      later: async () => Promise.reject(new Error('never asked')),
    })
    const second = newRun()
    await expect(Runner([failing]).run(second)).rejects.toMatchObject({ code: 'TASK_FAILED' })
    expect(second.problems.map(({ message }) => message)).toEqual(['no'])
  })

  it('leaves what can wait of some accounts to the next runs when the tick is near, and begins with others then', async () => {
    const asked: string[] = []
    const ids = Array.from({ length: 12 }, (_, index) => `account ${index}`)
    const script = Runner(
      ids.map((id) =>
        collector('A', works, {
          accountId: async () => id,
          later: async () => asked.push(id),
        }),
      ),
    )
    const slow = { session: SESSION, elapsedMs: () => 240_000 }
    const run = makeRun(makeStore(), { triggerTimeMs: 0, ...slow })
    await script.run(run)
    expect(asked).toEqual(ids.slice(0, 8))
    expect(run.lines).toContain('what can wait of 4 accounts is left to the next runs')
    // Four polls later.
    await script.run(makeRun(makeStore(), { triggerTimeMs: 4 * 300_000, ...slow }))
    expect(new Set(asked)).toEqual(new Set(ids))
  })

  it('explains a series by every collector that knows it', async () => {
    const explains = collector('Metrics', works, {
      explain: async (_context, { name, metric }) => [{ title: `${name} ${metric ?? ''}`, facts: [] }],
    })
    const script = Runner([collector('Objects', works), explains])
    const explained = await script.explain?.(newRun(), { name: 'f', metric: 'Errors' })
    expect(explained).toEqual([{ title: 'f Errors', facts: [] }])
  })

  it('takes a single collector', async () => {
    expect(await Runner(collector('Objects', works)).run(newRun())).toEqual({ '1 Objects': 3 })
  })

  it('reports a collector that throws, runs the next one, and fails in the end', async () => {
    const run = newRun()
    const broken = collector('Objects', async () => Promise.reject(new Error('broken')))
    await expect(Runner([broken, collector('Metrics', works)]).run(run)).rejects.toMatchObject({
      code: 'TASK_FAILED',
      message: expect.stringContaining('Objects: broken'),
    })
    expect(run.lines).toContain('run collector #2: `Metrics`')
    expect(run.problems).toMatchObject([{ code: 'internal', scope: 'Objects' }])
  })

  it('goes on when only some regions failed', async () => {
    const some = collector('Metrics', async () => [...(await works()), ...(await fails())])
    await expect(Runner(some).run(newRun())).resolves.toEqual({ '1 Metrics': 3 })
  })

  it('does not fail for a collector that went without what it may not have', async () => {
    const degraded = collector('Objects', async () => [{ kind: 'degraded', scope: 's', points: 0 }])
    await expect(Runner([degraded, collector('Metrics', works)]).run(newRun())).resolves.toBeDefined()
  })

  it('fails when a collector got nothing from any region, naming why', async () => {
    await expect(
      Runner([collector('Objects', works), collector('Metrics', fails)]).run(newRun()),
    ).rejects.toThrow(/1\/us-east-1: AWS was away/)
  })

  it('lets an error that explains everything speak for itself', async () => {
    const refused = new DffError({
      code: 'CREDENTIALS_REFUSED',
      place: 'account',
      expected: 'keys',
      got: 'old keys',
      remedy: 'New ones.',
    })
    const broken = collector('Objects', async () => Promise.reject(refused))
    await expect(Runner([broken, broken]).run(newRun())).rejects.toBe(refused)
  })

  it.each(['LEASE_LOST', 'OUTBOX_FULL'] as const)(
    'stops at %s instead of spending more requests',
    async (code) => {
      const run = newRun()
      const lost = new DffError({ code, place: 'p', expected: 'e', got: 'g', remedy: 'r' })
      const broken = collector('Objects', async () => Promise.reject(lost))
      await expect(Runner([broken, collector('Metrics', works)]).run(run)).rejects.toBe(lost)
      expect(run.lines).toHaveLength(1)
    },
  )

  it('does not swallow an abort', async () => {
    const controller = new AbortController()
    const aborting = collector('Objects', async () => {
      controller.abort(new Error('deadline'))
      throw new Error('some consequence')
    })
    const run = newRun(controller.signal)
    await expect(Runner([aborting, collector('Metrics', works)]).run(run)).rejects.toThrow('deadline')
    expect(run.problems).toEqual([])
  })

  it('says why no object is known, unless another collector knows some', async () => {
    const expecting = (names: readonly string[], whenNone?: string): Collector =>
      collector('A', works, {
        expected: async () => ({
          objects: [{ measurement: 'm', names, ...(whenNone === undefined ? {} : { whenNone }) }],
          metrics: [],
        }),
      })
    const denied = expecting([], 'None is known.')
    const alone = await Runner(denied).expected?.(newRun())
    expect(alone?.objects).toEqual([{ measurement: 'm', names: [], whenNone: 'None is known.' }])
    const both = await Runner([denied, expecting(['a'])]).expected?.(newRun())
    expect(both?.objects).toEqual([{ measurement: 'm', names: ['a'] }])
  })

  it('merges what its collectors expect and examine', async () => {
    const left = collector('A', works, {
      expected: async () => ({ objects: [{ measurement: 'aws_lambda', names: ['b', 'a'] }], metrics: [] }),
      doctor: async () => Promise.reject(new Error('no credentials')),
    })
    const right = collector('B', works, {
      expected: async () => ({
        objects: [{ measurement: 'aws_lambda', names: ['b', 'c'] }],
        metrics: [{ measurement: 'aws_AWS/Lambda', fields: ['Errors_Sum'] }],
      }),
      doctor: async () => [{ id: 'x', status: 'ok', title: 't', detail: 'd' }],
    })
    const script = Runner([left, right])
    expect(await script.expected?.(newRun())).toEqual({
      objects: [{ measurement: 'aws_lambda', names: ['a', 'b', 'c'] }],
      metrics: [{ measurement: 'aws_AWS/Lambda', fields: ['Errors_Sum'] }],
    })
    expect(await script.doctor?.(newRun())).toMatchObject([
      { status: 'failed', detail: 'no credentials' },
      { status: 'ok' },
    ])
  })
})
