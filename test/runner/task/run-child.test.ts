import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it, vi } from 'vitest'
import { DffError } from '../../../core/error.ts'
import type { AccountSession } from '../../../core/script.ts'
import type { ApiFunctionInfo } from '../../../runner/host-api.ts'
import type { ReplyValue, RequestBody } from '../../../runner/task/ipc.ts'
import { codePath } from '../../../runner/package.ts'
import { PATIENCE } from '../../patience.ts'
import { errorOf, isAlive, makeHome, runs, runTask, START } from './task-run.ts'

const POINT = `{ category: 'metric', measurement: 'm', tags: { name: 'a b,中文' }, fields: { v: 1.5 }, timeMs: 1000 }`

const SESSION: AccountSession = {
  accountId: '123456789012',
  arn: 'arn:aws:sts::123456789012:assumed-role/r/guance',
  partition: 'aws',
  accessKeyId: 'ASIAEXAMPLE',
  secretAccessKey: 'wJalr/XUtn+FEMI/K7MDENG',
  sessionToken: 'FwoGZXIvYXdzEBYaDHqa0AP==',
}

/** A store of one script in memory: what a commit writes, the next load reads. */
function makeStore(): (body: RequestBody) => Promise<ReplyValue> {
  const state = new Map<string, ReplyValue>()
  return async (body) => {
    if (body.kind === 'credentials') return SESSION
    if (body.kind === 'load') return state.get(body.key)
    for (const [key, value] of Object.entries(body.state)) state.set(key, value)
    return undefined
  }
}

describe('a run', () => {
  it('is over at its deadline although a request of it was never answered', async () => {
    const home = await makeHome(
      runs(
        `await context.credentials({ ak_id: 'AKIAXXXXXXXXXXXXXXXX', ak_secret: { $secret: 's.k' } })`,
        '{ timeout: 1 }',
      ),
    )
    const limits = { graceMs: 100, killMs: 100 }
    const ran = await runTask(home, { limits, onRequest: () => new Promise(() => undefined) })
    expect(errorOf(ran)).toMatchObject({ kind: 'timeout', code: 'TASK_TIMEOUT' })
  })

  it('may say more than a burst allows over a long time', async () => {
    const body = `for (let i = 0; i < 100_500; i += 1) {
      context.meter({ api: 'GetMetricData', requests: 1, billedMetrics: 0 })
      if (i % 1_000 === 0) await context.load('a')
    }`
    const ran = await runTask(await makeHome(runs(body)))
    expect(ran.outcome.kind).toBe('done')
    expect(ran.usage).toHaveLength(100_500)
  })

  it('is over only when a commit under way is', async () => {
    const home = await makeHome(
      runs(`await context.commit({ points: [], state: { a: 1 } })`, '{ timeout: 1 }'),
    )
    const commit = Promise.withResolvers<undefined>()
    const limits = { graceMs: 100, killMs: 100 }
    let pid = 0
    let isOver = false
    const running = runTask(home, {
      limits,
      onRequest: () => commit.promise,
      onSpawned: async (spawned) => {
        pid = spawned
      },
    }).finally(() => {
      isOver = true
    })
    await vi.waitFor(() => expect(pid === 0 || isAlive(pid)).toBe(false), PATIENCE)
    expect(isOver).toBe(false)
    commit.resolve(undefined)
    expect(errorOf(await running).code).toBe('TASK_TIMEOUT')
  })

  it('returns what the function returned and hands over its log in order', async () => {
    const home = await makeHome(
      runs(`
        context.log('first')
        console.log('second %s', context.taskId)
        console.error('third\\nfourth')
        return { answer: 42, at: context.triggerTimeMs, left: undefined }`),
    )
    const ran = await runTask(home)
    expect(ran.outcome).toMatchObject({
      kind: 'done',
      value: { mode: 'run', returnValue: { answer: 42, at: 1_700_000_000_000 } },
    })
    expect(ran.lines.toSorted()).toEqual(['first', 'fourth', 'second task-1', 'third'])
  })

  it('describes every exported API function once the script has loaded', async () => {
    const home = await makeHome(`
      import { DFF } from 'guance-aws-lambda/dff'
      export const notOne = 1
      export const run = DFF.API('One', { fixedCronExpr: '*/5 * * * *', timeout: 60 }, async () => 1)
      export const runCritical = DFF.API('Two', { timezone: 'Asia/Shanghai' }, async () => 2)`)
    const onLoaded = vi.fn<(functions: readonly ApiFunctionInfo[]) => void>()
    const ran = await runTask(home, { onLoaded, start: { mode: 'inspect', exportName: '' } })
    const functions = [
      {
        funcId: 'startup__test_set.run',
        title: 'One',
        fixedCronExpr: '*/5 * * * *',
        timezone: 'UTC',
        timeoutSec: 60,
        expiresSec: 900,
        connectorId: 'default',
      },
      {
        funcId: 'startup__test_set.runCritical',
        title: 'Two',
        fixedCronExpr: null,
        timezone: 'Asia/Shanghai',
        timeoutSec: 3600,
        expiresSec: 900,
        connectorId: 'default',
      },
    ]
    expect(ran.outcome).toEqual({ kind: 'done', value: { mode: 'inspect' }, functions })
    expect(onLoaded).toHaveBeenCalledExactlyOnceWith(functions)
  })

  it('reads back what it committed, and sends points as gzip of line protocol', async () => {
    const home = await makeHome(
      runs(`
        const before = await context.load('cursor')
        await context.commit({ points: [${POINT}], state: { cursor: { at: 7 } } })
        return [before === undefined, await context.load('cursor')]`),
    )
    const ran = await runTask(home, { onRequest: makeStore() })
    expect(ran.outcome).toMatchObject({ value: { returnValue: [true, { at: 7 }] } })
    const commit = ran.requests.find((body) => body.kind === 'commit')
    const body = commit?.batches[0]?.body ?? new Uint8Array()
    expect(gunzipSync(body).toString().trimEnd()).toBe(String.raw`m,name=a\ b\,中文 v=1.5 1000000000`)
  })

  it('says how many points of a commit had nothing that can be written', async () => {
    const home = await makeHome(
      runs(`await context.commit({ points: [${POINT}, { ...${POINT}, fields: { v: NaN } }], state: {} })`),
    )
    const ran = await runTask(home)
    expect(ran.problems).toMatchObject([{ code: 'points-unwritable', message: /^1 points/ }])
  })

  it('reports problems and usage, cleaned to what the record can hold', async () => {
    const home = await makeHome(
      runs(`
        context.report({ code: 'forbidden', severity: 'warning', scope: '1/us-east-1', message: 'x'.repeat(9e5), action: 'lambda:ListFunctions' })
        context.meter({ api: 'GetMetricData', requests: 2, billedMetrics: NaN })`),
    )
    const ran = await runTask(home)
    expect(ran.problems).toMatchObject([{ code: 'forbidden', action: 'lambda:ListFunctions' }])
    expect(ran.problems[0]?.message).toHaveLength(2_000)
    expect(ran.usage).toEqual([{ api: 'GetMetricData', requests: 2, billedMetrics: 0 }])
  })

  it('gives a script the error of a refused commit, with its code', async () => {
    const home = await makeHome(
      runs(`
        try { await context.commit({ points: [], state: { a: 1 } }) }
        catch (error) { return [error.code, error.parts.remedy] }`),
    )
    const refusal = new DffError({
      code: 'OUTBOX_FULL',
      place: 'outbox',
      expected: 'room',
      got: 'none',
      remedy: 'Wait.',
    })
    const ran = await runTask(home, { onRequest: () => Promise.reject(refusal) })
    expect(ran.outcome).toMatchObject({ value: { returnValue: ['OUTBOX_FULL', 'Wait.'] } })
  })

  it('checks the account that a script asks credentials for', async () => {
    const home = await makeHome(
      runs(`return await context.credentials({ ak_id: 'AKIAEXAMPLEEXAMPLE1' }).catch((error) => error.code)`),
    )
    const ran = await runTask(home, { onRequest: makeStore() })
    expect(ran.outcome).toMatchObject({ value: { returnValue: 'BAD_PARAMETER' } })
    expect(ran.requests).toEqual([])
  })

  it('says once in the log what there is to say about the credentials', async () => {
    const home = await makeHome(runs('await context.credentials({}); await context.credentials({})'))
    const onRequest = (): Promise<ReplyValue> => Promise.resolve({ ...SESSION, note: 'long-lived keys' })
    expect((await runTask(home, { onRequest })).lines).toEqual(['long-lived keys'])
  })

  it('answers a thousand requests that a script makes at once', async () => {
    const home = await makeHome(
      runs(`
        const all = Array.from({ length: 1000 }, (_, index) => context.load(String(index)))
        return (await Promise.all(all)).length`),
    )
    const ran = await runTask(home)
    expect(ran.outcome).toMatchObject({ value: { returnValue: 1000 } })
    expect(ran.requests).toHaveLength(1000)
  })

  it('imports sets, its own files, JSON and the libraries that the host carries', async () => {
    const script = `
      import { DFF } from 'guance-aws-lambda/dff'
      import { CloudWatchClient } from '@aws-sdk/client-cloudwatch'
      import { fetch } from 'undici'
      import { double } from 'guance-aws-lambda/sets/set_b'
      import { factor } from './own.ts'
      import { join } from 'node:path'
      export const run = DFF.API('T', {}, async () => {
        const client = new CloudWatchClient({ region: 'us-east-1', credentials: { accessKeyId: 'a', secretAccessKey: 'b' } })
        return [double(factor), await client.config.region(), typeof fetch, join('a', 'b')]
      })`
    const home = await makeHome(script, {
      files: { 'startup/own.ts': 'export const factor: number = 21' },
      sets: {
        set_a: {
          'main.ts': `export { default as table } from './data/table.json' with { type: 'json' }`,
          'data/table.json': '{"two":2}',
        },
        set_b: {
          'main.ts': `import { table } from 'guance-aws-lambda/sets/set_a'\nexport const double = (n: number): number => n * table.two`,
        },
      },
    })
    const ran = await runTask(home)
    expect(ran.outcome).toMatchObject({ value: { returnValue: [42, 'us-east-1', 'function', 'a/b'] } })
  })

  it('starts only when the process is on record', async () => {
    const home = await makeHome(runs(`context.log('ran')`))
    const recorded = new Error('the store is gone')
    const ran = await runTask(home, { onSpawned: () => Promise.reject(recorded) })
    expect(errorOf(ran)).toMatchObject({ kind: 'failed', code: 'INTERNAL', text: /the store is gone/ })
    expect(ran.lines).toEqual([])
  })

  it('ends the task, not the host, when a callback of the host throws', async () => {
    const home = await makeHome(
      runs(
        `context.meter({ api: 'x', requests: 1, billedMetrics: 0 }); await new Promise(() => setInterval(() => {}, 1e6))`,
      ),
    )
    const onUsage = (): never => {
      throw new TypeError('no such column')
    }
    const ran = await runTask(home, { onUsage })
    expect(errorOf(ran)).toMatchObject({ code: 'INTERNAL', text: /no such column/ })
  })
})

describe('a host that is killed', () => {
  it('takes its task with it', async () => {
    const home = await makeHome(
      runs(`context.log('up'); await new Promise(() => setInterval(() => {}, 1e6))`),
    )
    const host = `
      import { runChild } from ${JSON.stringify(codePath('runner/task/run-child.ts'))}
      const start = ${JSON.stringify({ ...START, scriptPath: home.scriptPath, sets: {} })}
      const ignore = () => undefined
      let pid
      await runChild({
        start,
        signal: new AbortController().signal,
        secretsInUse: () => [],
        onSpawned: async (spawned) => { pid = spawned },
        onRequest: async () => undefined,
        onProblem: ignore,
        onUsage: ignore,
        onLines: () => process.stdout.write(String(pid)),
      })`
    const hostProcess = spawn(process.execPath, ['--input-type=module', '--eval', host], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [bytes] = (await once(hostProcess.stdout, 'data')) as [Buffer]
    const taskPid = Number(bytes.toString())
    expect(isAlive(taskPid)).toBe(true)
    hostProcess.kill('SIGKILL')
    await vi.waitFor(() => expect(isAlive(taskPid)).toBe(false), PATIENCE)
  })
})
