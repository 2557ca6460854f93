import { describe, expect, it } from 'vitest'
import { makeHostile, PATIENT, runHostile, SHORT, WIRE } from './hostile-set.ts'
import { errorOf, isAlive, makeHome, runTask } from './task-run.ts'

describe('a set that does not end', () => {
  it.each([
    ['loops for ever', `for (;;);`],
    ['loops for ever and handles SIGTERM', `process.on('SIGTERM', () => {}); for (;;);`],
    [
      'waits for ever, whatever it is told',
      `process.on('SIGTERM', () => {}); process.on('disconnect', () => {}); await new Promise(() => setInterval(() => {}, 1e6))`,
    ],
    [
      'claims success when it is told to stop',
      `await new Promise((done) => context.signal.addEventListener('abort', done)); return 'fine'`,
    ],
    [
      'claims another failure when it is told to stop',
      `await new Promise((done) => context.signal.addEventListener('abort', done)); throw new Error('mine')`,
    ],
  ])('times out when it %s', async (_title, body) => {
    const home = await makeHostile(body, '{ timeout: 1 }')
    const ran = await runTask(home, { limits: SHORT })
    expect(errorOf(ran)).toMatchObject({
      kind: 'timeout',
      code: 'TASK_TIMEOUT',
      text: /the function to end within 1 s/,
    })
    // Its second, the patience, and what a busy machine takes to start it; for ever otherwise.
    expect(ran.elapsedMs).toBeLessThan(15_000)
    expect(isAlive(ran.pid)).toBe(false)
  })

  it('ends when the host wants it to, as a failure that says so', async () => {
    const abort = new AbortController()
    const ran = await runHostile(`for (;;);`, { signal: abort.signal, onLoaded: () => abort.abort() })
    expect(errorOf(ran)).toMatchObject({
      kind: 'failed',
      code: 'TASK_FAILED',
      text: /a stop asked for by the host/,
    })
  })

  it('says in its log that it was stopped, without a stack of the host', async () => {
    const abort = new AbortController()
    const ran = await runHostile(
      `await new Promise((done) => context.signal.addEventListener('abort', done)); context.signal.throwIfAborted()`,
      { signal: abort.signal, onLoaded: () => abort.abort(), limits: PATIENT },
    )
    expect(errorOf(ran).text).toMatch(/a stop asked for by the host/)
    expect(ran.lines).toEqual([
      'The host asked this task to stop, and it did. What it had committed is kept.',
    ])
  })

  it('keeps its result when it ends in good order after the request to stop', async () => {
    const abort = new AbortController()
    const ran = await runHostile(
      `await new Promise((done) => context.signal.addEventListener('abort', done)); return 'in order'`,
      { signal: abort.signal, onLoaded: () => abort.abort(), limits: PATIENT },
    )
    expect(ran.outcome).toMatchObject({ kind: 'done', value: { returnValue: 'in order' } })
  })

  it('is never started when the host has already been told to stop', async () => {
    const ran = await runHostile('return 1', { signal: AbortSignal.abort() })
    expect(errorOf(ran)).toMatchObject({ code: 'TASK_FAILED' })
    expect(ran.pid).toBe(0)
  })
})

describe('a set that breaks its process', () => {
  it.each([
    ['exits with 0', `process.exit(0)`, /\(exit code 0\) without one/],
    ['exits with 3', `process.exit(3)`, /\(exit code 3\) without one/],
    [
      'kills itself',
      `process.kill(process.pid, 'SIGSEGV'); await new Promise(() => setInterval(() => {}, 1e6))`,
      /\(signal SIGSEGV\) without one/,
    ],
    [
      'closes its channel and wants to stay',
      `for (const handle of process._getActiveHandles()) handle.removeAllListeners().destroy(); await forever()`,
      /\(signal SIGKILL\) without one/,
    ],
    [
      'ends in the middle of a message',
      `post(Uint8Array.of(0, 0, 1, 0, 1)); process.exit(0)`,
      /\(exit code 0\) without one/,
    ],
    ['closes its channel', `wire.fs.closeSync(3); await forever()`, /\(signal SIGKILL\) without one/],
  ])('fails by name when it %s', async (_title, body, text) => {
    const error = errorOf(await runHostile(body))
    expect(error).toMatchObject({ kind: 'failed', code: 'TASK_FAILED', text })
  })

  it('fails by name when its heap is full', async () => {
    const error = errorOf(
      await runHostile(`const all = []; for (;;) all.push({ text: String(Math.random()) })`),
    )
    expect(error).toMatchObject({ code: 'TASK_FAILED', text: /less memory than 256 MB of JavaScript heap/ })
  })

  it.runIf(process.platform === 'linux')('fails by name when its buffers grow without bound', async () => {
    const body = `const all = []; for (;;) { all.push(Buffer.alloc(8e6, 1)); await new Promise((done) => setTimeout(done, 5)) }`
    const error = errorOf(await runHostile(body, { limits: { ...SHORT, residentMb: 300 } }))
    expect(error).toMatchObject({ code: 'TASK_FAILED', text: /less memory than 300 MB/ })
  })

  it.each([
    ['a text', `'hello'`],
    ['nothing', `null`],
    ['a list', `[{ kind: 'done' }]`],
    ['a kind that every object has', `{ kind: 'constructor' }`],
    ['a result of another shape', `{ kind: 'done', value: { mode: 'run', returnValue: new Map() } }`],
    ['a result with more in it', `{ kind: 'done', value: { mode: 'run', returnValue: 1, record: {} } }`],
    [
      'a result larger than any record',
      `{ kind: 'done', value: { mode: 'run', returnValue: 'x'.repeat(300_000) } }`,
    ],
    ['a result of another mode', `{ kind: 'done', value: { mode: 'inspect' } }`],
    ['a second list of functions', `{ kind: 'loaded', functions: [] }`],
    ['a request for another thing', `{ kind: 'request', requestId: 1, body: { kind: 'secret', name: 'x' } }`],
    [
      'a batch of another category',
      `{ kind: 'request', requestId: 1, body: { kind: 'commit', state: {}, batches: [{ category: '../x', points: 1, rawBytes: 1, body: new Uint8Array(1), contents: [] }] } }`,
    ],
    [
      'a batch of negative size',
      `{ kind: 'request', requestId: 1, body: { kind: 'commit', state: {}, batches: [{ category: 'metric', points: -1, rawBytes: 1, body: new Uint8Array(1), contents: [] }] } }`,
    ],
    [
      'state that is not JSON',
      `{ kind: 'request', requestId: 1, body: { kind: 'commit', state: { a: new Date() }, batches: [] } }`,
    ],
    ['a loop', `(() => { const a = { kind: 'usage' }; a.usage = a; return a })()`],
    [
      'a code that does not exist',
      `{ kind: 'failed', error: { code: 'toString', place: '', expected: '', got: '', remedy: '' }, exceptionType: '', stack: '' }`,
    ],
  ])('is ended when it sends %s', async (_title, message) => {
    const ran = await runHostile(`send(${message}); await forever()`)
    expect(errorOf(ran)).toMatchObject({ code: 'ISOLATION', text: /only messages of the task protocol/ })
    expect(ran.requests).toEqual([])
    expect(isAlive(ran.pid)).toBe(false)
  })

  it.each([
    [
      'bytes that mean nothing',
      `post(Uint8Array.of(0, 0, 0, 4, 1, 2, 3, 4))`,
      /got bytes that are no message/,
    ],
    [
      'the beginning of two gigabytes',
      `post(Uint8Array.of(0x7f, 0, 0, 0)); for (;;) post(new Uint8Array(65_536))`,
      /got a message of 2130706432 bytes/,
    ],
    [
      'questions whose answers it never reads',
      `for (let i = 0; ; i += 1) send({ kind: 'request', requestId: i, body: { kind: 'load', key: 'a' } })`,
      /got \d{9} bytes of answers that it does not read/,
    ],
  ])('is ended, and the host lives on, when it sends %s', async (_title, body, text) => {
    const answer = 'x'.repeat(4e6)
    const ran = await runHostile(`${body}; await forever()`, { onRequest: () => Promise.resolve(answer) })
    expect(errorOf(ran)).toMatchObject({ code: 'ISOLATION', text })
    expect(isAlive(ran.pid)).toBe(false)
  })

  it('is ended when it names a connector that is not set, whatever its script says', async () => {
    const info = `{ funcId: 'startup__test_set.run', title: 'T', fixedCronExpr: null, timezone: 'UTC', timeoutSec: 60, expiresSec: 900, connectorId: 'elsewhere' }`
    const home = await makeHome(`${WIRE}\nsend({ kind: 'loaded', functions: [${info}] }); await forever()`)
    const error = errorOf(await runTask(home, { limits: SHORT }))
    expect(error).toMatchObject({ code: 'ISOLATION', text: /the connector elsewhere, which is not set/ })
  })

  it('is ended when it reports before it has loaded', async () => {
    const home = await makeHome(
      `${WIRE}\nsend({ kind: 'done', value: { mode: 'run', returnValue: 1 } }); await forever()`,
    )
    const error = errorOf(await runTask(home, { limits: SHORT }))
    expect(error).toMatchObject({ code: 'ISOLATION', text: /kind done before the script had loaded/ })
  })

  it('is ended when it floods the host with requests', async () => {
    const body = `for (let i = 0; i < 200; i += 1) send({ kind: 'request', requestId: i, body: { kind: 'load', key: 'a' } })
      await forever()`
    const onRequest = (): Promise<never> => new Promise(() => undefined)
    const ran = await runHostile(body, { onRequest })
    expect(errorOf(ran)).toMatchObject({ code: 'ISOLATION', text: /more than 64 requests at once/ })
    expect(ran.requests).toHaveLength(64)
  })

  it('is ended when it floods the host with reports, of which it keeps a thousand', async () => {
    const body = `const problem = { kind: 'problem', problem: { code: 'c', severity: 'error', scope: '', message: '' } }
      for (;;) send(problem)`
    const ran = await runHostile(body)
    expect(errorOf(ran)).toMatchObject({ code: 'ISOLATION', text: /1\d{5} messages faster than any task/ })
    expect(ran.problems).toHaveLength(1_000)
  })
})
