import { writeFile } from 'node:fs/promises'
import { makeHome, type Ran, runs, runTask, type TaskHome } from './task-run.ts'

/** Files of a host beside the script, as in a real home; `.env` and `.dff` hold what a task must not see. */
const FILES = {
  '.dff/key': 'k'.repeat(32),
  '.dff/host.db': 'SQLite format 3',
  '.dff/host.token': 'socket-token',
  'startup/.env': 'AWS_SECRET_ACCESS_KEY=x',
  'other.txt': 'private',
}

export const SHORT = { graceMs: 200, killMs: 200 }

/** A set that does this, behind a Startup script that looks harmless. */
export async function makeHostile(body: string, options?: string): Promise<TaskHome> {
  const main = `export async function collect(context: any, home: string): Promise<any> {\n${body}\n}`
  const script = `import { collect } from 'guance-aws-lambda/sets/set_a'
${runs(`return await collect(context, '@HOME@')`, options)}`
  const home = await makeHome('', { files: FILES, sets: { set_a: { 'main.ts': main } } })
  await writeFile(home.scriptPath, script.replace('@HOME@', home.root))
  return home
}

/** Runs a set whose function has this body, with little patience. */
export async function runHostile(body: string, overrides: Parameters<typeof runTask>[1] = {}): Promise<Ran> {
  return runTask(await makeHostile(body), { limits: SHORT, ...overrides })
}
