import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { openClient } from '../runner/client.ts'
import type { ExecResult, HostClient } from '../runner/host-api.ts'
import { writeListing } from '../tools/gen-marketplace.ts'

/** One per function at a time, so as many functions as keep two cores busy. */
const FUNCTIONS = 4
const SEQUENTIAL_TASKS = 40
const CONCURRENT_TASKS = 80
const SET = 'bench_host'

const MAIN = `import type { RunContext, Script } from 'guance-aws-lambda/dff'
export const smallest: Script = {
  async run(context: RunContext) {
    const startedMs = Date.now()
    const point = { category: 'metric', measurement: 'bench', tags: { id: context.taskId }, fields: { value: 1 }, timeMs: startedMs } as const
    await context.commit({ points: [point], state: { startedMs } })
    return { startedMs }
  },
}
`

const TEMPLATE = `import { DFF } from 'guance-aws-lambda/dff'
import { smallest } from 'guance-aws-lambda/sets/${SET}'
${Array.from({ length: FUNCTIONS }, (_, index) => `export const run${index} = DFF.API('Bench ${index}', {}, smallest)`).join('\n')}
export const run = DFF.API('Bench', {}, smallest)
`

export interface TaskFigures {
  /** From Execute to the first line of the script, of one after another. */
  readonly startLatenciesMs: readonly number[]
  readonly tasksPerSecond: number
}

function write(path: string, content: string): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, content)
}

/** A market with one set, whose functions commit one point and return. */
function writeMarket(root: string): void {
  const text = { en: 'Bench', zh: 'Bench' }
  const manifest = {
    id: SET,
    version: '1.0.0',
    title: text,
    description: text,
    requires: [],
    uses: [],
    startup: 'startup.ts.template',
    parameters: SET,
  }
  // The form of a set that asks for nothing.
  const form = { $id: `parameters/${SET}`, type: 'object', additionalProperties: false, properties: {} }
  write(join(root, 'schemas/parameters', `${SET}.schema.json`), JSON.stringify(form))
  write(join(root, 'scripts', SET, 'set.json'), JSON.stringify(manifest))
  write(join(root, 'scripts', SET, 'main.ts'), MAIN)
  write(join(root, 'scripts', SET, 'startup.ts.template'), TEMPLATE)
  writeListing(root)
}

async function runTask(client: HostClient, name: string): Promise<ExecResult> {
  const target = `startup__${SET}.${name}`
  const result = await client.call('exec', { target, atMs: null, debug: false })
  const { status, exceptionText } = result.record
  if (status !== 'success') throw new Error(`the task ended in ${status}: ${exceptionText}`)
  return result
}

async function measureLatencies(client: HostClient): Promise<readonly number[]> {
  const latencies: number[] = []
  for (let task = 0; task < SEQUENTIAL_TASKS; task += 1) {
    const askedMs = Date.now()
    const { record } = await runTask(client, 'run')
    const { startedMs } = record.returnValue as { readonly startedMs: number } // what the set above returns
    latencies.push(startedMs - askedMs)
  }
  return latencies
}

async function measureRate(client: HostClient): Promise<number> {
  const startedMs = performance.now()
  await Promise.all(
    Array.from({ length: FUNCTIONS }, async (_, index) => {
      for (let task = 0; task < CONCURRENT_TASKS / FUNCTIONS; task += 1) await runTask(client, `run${index}`)
    }),
  )
  return CONCURRENT_TASKS / ((performance.now() - startedMs) / 1000)
}

/** The smallest tasks that there are, through a host in this process; points go to the file sink. */
export async function measureTasks(folder: string): Promise<TaskFigures> {
  const marketRoot = join(folder, 'market')
  writeMarket(marketRoot)
  const client = await openClient(join(folder, 'home'), { command: 'bench host', marketRoot })
  try {
    await client.call('install', { setId: SET, parameters: {}, force: false })
    await client.call('deploy', { setId: SET, force: false })
    await runTask(client, 'run')
    return { startLatenciesMs: await measureLatencies(client), tasksPerSecond: await measureRate(client) }
  } finally {
    await client.close()
  }
}
