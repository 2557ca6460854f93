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

/**
 * For code that speaks to the host itself, past the context: `send` writes a message as the host frames it, `post` any
 * bytes, both waiting like a busy program while the pipe is full.
 */
export const WIRE = `
const wire = { fs: process.getBuiltinModule('node:fs'), v8: process.getBuiltinModule('node:v8') }
function post(bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) {
    try { at += wire.fs.writeSync(3, bytes, at) }
    catch (error) { if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error }
  }
}
function send(value: unknown): void {
  const body = wire.v8.serialize(value)
  const header = Buffer.alloc(4)
  header.writeUInt32BE(body.length)
  post(Buffer.concat([header, body]))
}
const forever = (): Promise<never> => new Promise(() => setInterval(() => {}, 1e6))
`

export const SHORT = { graceMs: 200, killMs: 200 }
/** For a set that is asked to stop and does: on a busy machine that takes a while. */
export const PATIENT = { graceMs: 15_000, killMs: 1_000 }

/** A set that does this, behind a Startup script that looks harmless. */
export async function makeHostile(body: string, options?: string): Promise<TaskHome> {
  const main = `${WIRE}
export async function collect(context: any, home: string): Promise<any> {\n${body}\n}`
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
