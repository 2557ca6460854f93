import { describe, expect, it } from 'vitest'
import { errorOf, makeHome, runs, runTask } from './task-run.ts'

describe('a failing script', () => {
  it('names the exception, its place and its class, and leaves the stack in the log', async () => {
    const home = await makeHome(runs(`context.log('before')\nthrow new RangeError('too far')`))
    const ran = await runTask(home)
    expect(ran.outcome).toMatchObject({
      kind: 'failed',
      exceptionType: 'RangeError',
      error: { code: 'TASK_FAILED', place: `${home.scriptPath}:4`, got: 'RangeError: too far' },
      functions: [{ funcId: 'startup__test_set.run' }],
    })
    expect(ran.lines).toEqual([
      'before',
      'RangeError: too far',
      expect.stringContaining(`${home.scriptPath}:4`),
    ])
  })

  it.each([
    ['the name', `throw Object.assign(new Error('x'), { name: 'Renamed' })`, 'Renamed'],
    ['else the class', `throw new (class QuotaError extends Error {})('x')`, 'QuotaError'],
  ])('is of the type that %s of its exception says', async (_title, body, exceptionType) => {
    expect((await runTask(await makeHome(runs(body)))).outcome).toMatchObject({ exceptionType })
  })

  it('keeps the code of a DffError that a set throws', async () => {
    const main = `
      import { DffError } from 'guance-aws-lambda/dff'
      export function refuse(): never {
        throw new DffError({ code: 'NO_CREDENTIALS', place: 'account', expected: 'keys', got: 'none', remedy: 'Add some.' })
      }`
    const script = `import { refuse } from 'guance-aws-lambda/sets/set_a'\n${runs('refuse()')}`
    const ran = await runTask(await makeHome(script, { sets: { set_a: { 'main.ts': main } } }))
    expect(ran.outcome).toMatchObject({ exceptionType: 'NO_CREDENTIALS', error: { remedy: 'Add some.' } })
    expect(ran.lines.join('\n')).toContain('set_a/main.ts:4')
  })

  it.each([
    [
      'an unhandled rejection',
      `void Promise.reject(new Error('later')); await new Promise((done) => setTimeout(done, 6e4))`,
    ],
    [
      'an uncaught error',
      `setTimeout(() => { throw new Error('later') }, 1); await new Promise((done) => setTimeout(done, 6e4))`,
    ],
  ])('fails by %s at once', async (_title, body) => {
    const ran = await runTask(await makeHome(runs(body)))
    expect(errorOf(ran)).toMatchObject({ code: 'TASK_FAILED', text: /got Error: later/ })
    expect(ran.elapsedMs).toBeLessThan(25_000)
  })

  it.each([
    ['a text', `throw 'plain'`, /a thrown string: plain/],
    ['a megabyte', `throw new Error('x'.repeat(1e6))`, /got Error: x{400}/],
    ['nothing', `throw undefined`, /a thrown undefined/],
    [
      'more than a record holds',
      `return 'x'.repeat(300_000)`,
      /return value: expected at most 262144 characters of JSON, got 300002\..* Return a summary/,
    ],
    ['a value JSON cannot hold', `return { size: 10n }`, /return value: expected a value that JSON can hold/],
  ])('may throw or return %s', async (_title, body, text) => {
    const ran = await runTask(await makeHome(runs(body)))
    expect(errorOf(ran)).toMatchObject({ code: 'TASK_FAILED', text })
  })
})
