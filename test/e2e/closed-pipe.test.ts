import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TaskRecord } from '../../runner/host-api.ts'
import { openShell, type Shell } from './dff.ts'

let shell: Shell

async function records(): Promise<readonly TaskRecord[]> {
  const { stdout } = await shell.dff('task', 'list', '--json')
  return JSON.parse(stdout) as readonly TaskRecord[]
}

/** `| head -1`: reads the first words and closes the pipe. */
async function readFirst(child: ChildProcess): Promise<number | null> {
  await once(child.stdout ?? child, 'data')
  child.stdout?.destroy()
  child.stderr?.destroy()
  const [code] = (await once(child, 'exit')) as [number | null]
  return code
}

beforeAll(async () => {
  shell = await openShell('--functions', '24', '--regions', '1')
})

afterAll(async () => {
  await shell[Symbol.asyncDispose]()
})

describe('a pipe that its reader closes', () => {
  it('ends neither the task nor the exit code of dff exec', async () => {
    const key = [...shell.keyFlags]
    expect(await shell.dff('install', 'guance_aws_lambda', ...key, '--deploy')).toMatchObject({ code: 0 })
    expect(await readFirst(shell.spawn('exec', 'guance_aws_lambda'))).toBe(0)
    expect((await records()).map(({ status }) => status)).toEqual(['success'])
  }, 60_000)

  it('ends dff log, which has only its reader', async () => {
    const [record] = await records()
    expect(await readFirst(shell.spawn('log', record?.id ?? '', '--follow'))).toBe(0)
  }, 60_000)
})
