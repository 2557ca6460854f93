import { describe, expect, it } from 'vitest'
import type { ReplyValue, RequestBody } from '../../../runner/task/ipc.ts'
import { makeHome, runs, runTask } from './task-run.ts'

const POINT = `{ category: 'metric', measurement: 'm', tags: { name: 'a b,中文' }, fields: { v: 1.5 }, timeMs: 1000 }`

describe('a debug run', () => {
  it('writes nothing, says what it would have written, and reads its own state back', async () => {
    const home = await makeHome(
      runs(`
        const points = Array.from({ length: 7 }, () => (${POINT}))
        await context.commit({ points, state: { a: 1, b: null } })
        return [context.debug, await context.load('a'), await context.load('b') === undefined, await context.load('c')]`),
    )
    const onRequest = (body: RequestBody): Promise<ReplyValue> =>
      Promise.resolve(body.kind === 'load' ? `stored ${body.key}` : undefined)
    const ran = await runTask(home, { start: { isDebug: true }, onRequest })
    expect(ran.outcome).toMatchObject({ value: { returnValue: [true, 1, true, 'stored c'] } })
    expect(ran.requests).toEqual([{ kind: 'load', key: 'c' }])
    const line = String.raw`debug:   m,name=a\ b\,中文 v=1.5 1000000000`
    expect(ran.lines).toEqual([
      'debug: would write 7 metric points and 2 state keys',
      ...Array.from({ length: 5 }, () => line),
      'debug:   … and 2 more',
    ])
  })
})

describe('the questions a host asks', () => {
  const script = `
    import { DFF } from 'guance-aws-lambda/dff'
    export const run = DFF.API('T', {}, {
      run: async () => 'not called',
      expected: async () => ({ objects: [{ measurement: 'aws_lambda', names: ['a'] }], metrics: [] }),
      doctor: async (context) => {
        await context.commit({ points: [], state: { a: 1 } })
        return [{ id: 'x', status: 'ok', title: 'X', detail: 'fine', remedy: undefined }]
      },
    })`

  it('answers what a script is expected to have delivered', async () => {
    const ran = await runTask(await makeHome(script), { start: { mode: 'expected' } })
    const expectation = { objects: [{ measurement: 'aws_lambda', names: ['a'] }], metrics: [] }
    expect(ran.outcome).toMatchObject({ kind: 'done', value: { mode: 'expected', expectation } })
  })

  it('answers the checks of doctor without writing anything', async () => {
    const ran = await runTask(await makeHome(script), { start: { mode: 'doctor' } })
    const checks = [{ id: 'x', status: 'ok', title: 'X', detail: 'fine' }]
    expect(ran.outcome).toMatchObject({ kind: 'done', value: { mode: 'doctor', checks } })
    expect(ran.requests).toEqual([])
  })

  it('has nothing to say for a plain function', async () => {
    const home = await makeHome(runs('return 1'))
    const ran = await runTask(home, { start: { mode: 'doctor' } })
    expect(ran.outcome).toMatchObject({ value: { checks: [] } })
  })
})
