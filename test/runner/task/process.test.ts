import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, it, vi } from 'vitest'
import { codePath } from '../../../runner/package.ts'
import { readResidentMb, signalGroup } from '../../../runner/task/process-group.ts'
import { errorOf, isAlive, makeHome, runs, runTask, START } from './task-run.ts'
import { PATIENCE } from '../../patience.ts'

/** More than Linux takes for one variable (MAX_ARG_STRLEN, 128 KiB). */
const TOO_LONG = 'x'.repeat(200_000)

describe('the process of a task', () => {
  it('ends with everything that it has started, also what it left behind', async () => {
    // A task cannot start programs; this shell stands for one that found a way.
    const group = spawn('sh', ['-c', 'sh -c "sleep 600 & echo \\$!"; sleep 600'], {
      detached: true,
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const [line] = (await once(group.stdout, 'data')) as [Buffer]
    const grandchild = Number(line.toString())
    expect(isAlive(grandchild)).toBe(true)
    const gone = once(group, 'exit')
    signalGroup(group.pid ?? -1, 'SIGKILL')
    await gone
    await vi.waitFor(() => expect(isAlive(grandchild)).toBe(false), PATIENCE)
    signalGroup(group.pid ?? -1, 'SIGKILL')
  })

  it('tells how much memory it holds, while there is one', () => {
    expect(readResidentMb(process.pid)).toBeGreaterThan(10)
    expect(readResidentMb(2 ** 22 + 1)).toBeUndefined()
  })

  it('that the system refuses is a failure that says so', async () => {
    const home = await makeHome(runs('return 1'))
    const ran = await runTask(home, { env: { HTTPS_PROXY: TOO_LONG } })
    expect(errorOf(ran)).toMatchObject({
      kind: 'failed',
      code: 'TASK_FAILED',
      text: /expected a process for the task, got spawn E2BIG\. Look at the limits/,
    })
    expect(ran.pid).toBe(0)
  })

  it('that finds no free file descriptor is a failure too, and the host goes on', async () => {
    const home = await makeHome(runs('return 1'))
    const host = `
      import { closeSync, openSync } from 'node:fs'
      import { runChild } from ${JSON.stringify(codePath('runner/task/run-child.ts'))}
      const ignore = () => undefined
      const run = () => runChild({
        start: ${JSON.stringify({ ...START, scriptPath: home.scriptPath, sets: {} })},
        signal: new AbortController().signal,
        secretsInUse: () => [],
        onRequest: async () => undefined,
        onProblem: ignore, onUsage: ignore, onLines: ignore,
      })
      const first = await run()
      const held = []
      try { for (;;) held.push(openSync('/dev/null')) } catch {}
      const second = await run()
      held.forEach((fd) => closeSync(fd))
      const third = await run()
      console.log(JSON.stringify([first, second, third].map(({ kind, error }) => [kind, error?.code, error?.got])))`
    const command = `ulimit -n 128 && exec "$0" --input-type=module --eval "$1"`
    const child = spawn('sh', ['-c', command, process.execPath, host], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let output = ''
    for await (const chunk of child.stdout) output += String(chunk)
    const [first, second, third] = JSON.parse(output) as string[][]
    expect([first?.[0], third?.[0]]).toEqual(['done', 'done'])
    expect(second?.slice(0, 2)).toEqual(['failed', 'TASK_FAILED'])
    expect(second?.[2]).toContain('EMFILE')
  })
})
