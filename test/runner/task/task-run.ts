import { readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { Problem, Usage } from '../../../core/script.ts'
import type { ReplyValue, RequestBody, StartMessage } from '../../../runner/task/ipc.ts'
import type { ChildOutcome } from '../../../runner/task/outcome.ts'
import { runChild, type RunChildOptions } from '../../../runner/task/run-child.ts'

/** A home with a Startup script, other files, and sets as an install leaves them. */
export interface TaskHome {
  readonly root: string
  readonly scriptPath: string
  readonly sets: Readonly<Record<string, string>>
}

/** Writes a home into a temporary folder that goes away with the test; a set is a map of file name to text. */
export async function makeHome(
  script: string,
  options: {
    readonly sets?: Readonly<Record<string, Readonly<Record<string, string>>>>
    readonly files?: Readonly<Record<string, string>>
  } = {},
): Promise<TaskHome> {
  const root = await mkdtemp(join(tmpdir(), 'dff-task-'))
  onTestFinished(() => rm(root, { recursive: true, force: true }))
  const scriptPath = join(root, 'startup', 'test_set.ts')
  const write = async (path: string, text: string): Promise<void> => {
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, text)
  }
  await write(scriptPath, script)
  for (const [path, text] of Object.entries(options.files ?? {})) await write(join(root, path), text)
  const sets: Record<string, string> = {}
  for (const [setId, files] of Object.entries(options.sets ?? {})) {
    sets[setId] = join(root, '.dff', 'sets', setId, 'a'.repeat(64))
    for (const [path, text] of Object.entries(files)) await write(join(sets[setId], path), text)
  }
  return { root, scriptPath, sets }
}

/** The text of a Startup script whose function `run` has this body; `context` and `DFF` are in scope. */
export function runs(body: string, options = '{}'): string {
  return `import { DFF, type RunContext } from 'guance-aws-lambda/dff'
export const run = DFF.API('Test', ${options}, async (context: RunContext) => {
${body}
})
`
}

/** What every task here is started with, but for where its script and its sets lie. */
export const START = {
  mode: 'run',
  taskId: 'task-1',
  scriptId: 'startup__test_set',
  exportName: 'run',
  triggerTimeMs: 1_700_000_000_000,
  isDebug: false,
  concurrency: 5,
  sinks: { default: { rewrite: 'last', mergesFields: false } },
  backfill: null,
  question: null,
  intervalMs: null,
} as const

/** A process that has ended but was not waited for is dead too. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

export interface Ran {
  readonly outcome: ChildOutcome
  readonly lines: readonly string[]
  readonly problems: readonly Problem[]
  readonly usage: readonly Usage[]
  readonly requests: readonly RequestBody[]
  readonly pid: number
  readonly elapsedMs: number
}

type Overrides = Partial<Omit<RunChildOptions, 'start'>> & { readonly start?: Partial<StartMessage> }

/** Runs a home's Startup script in a real process and gathers everything that came out of it. */
export async function runTask(home: TaskHome, overrides: Overrides = {}): Promise<Ran> {
  const lines: string[] = []
  const problems: Problem[] = []
  const usage: Usage[] = []
  const requests: RequestBody[] = []
  let pid = 0
  const startedMs = performance.now()
  const { start, onRequest, ...rest } = overrides
  const answer = onRequest ?? ((): Promise<ReplyValue> => Promise.resolve(undefined))
  const outcome = await runChild({
    start: { ...START, scriptPath: home.scriptPath, sets: home.sets, ...start },
    signal: new AbortController().signal,
    secretsInUse: () => [],
    onSpawned: async (spawned) => {
      pid = spawned
    },
    onProblem: (problem) => problems.push(problem),
    onUsage: (one) => usage.push(one),
    onLines: (more) => lines.push(...more.map(({ text }) => text)),
    onRequest: (body) => {
      requests.push(body)
      return answer(body)
    },
    ...rest,
  })
  return { outcome, lines, problems, usage, requests, pid, elapsedMs: performance.now() - startedMs }
}

/** The error of a task that must not have succeeded. */
export function errorOf(ran: Ran): {
  readonly kind: string
  readonly code: string
  readonly place: string
  readonly text: string
} {
  if (ran.outcome.kind === 'done') throw new Error(`the task succeeded: ${JSON.stringify(ran.outcome.value)}`)
  const { code, place, expected, got, remedy } = ran.outcome.error
  return {
    kind: ran.outcome.kind,
    code,
    place,
    text: `${place}: expected ${expected}, got ${got}. ${remedy}`,
  }
}
