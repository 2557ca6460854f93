import { spawn, spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PACKAGE_VERSION } from '../../../runner/package.ts'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const LAUNCHER = join(ROOT, 'bin', 'dff.cjs')

/** The machine's own Node, which may be older than ours; ours where there is no other. */
function findSystemNode(): string {
  const folders = (process.env['PATH'] ?? '')
    .split(delimiter)
    .filter((folder) => !folder.includes('node_modules'))
  const node = folders
    .map((folder) => join(folder, 'node'))
    .find((path) => spawnSync(path, ['-v']).status === 0)
  return node ?? process.execPath
}

function run(node: string, args: readonly string[], launcher = LAUNCHER) {
  return spawnSync(node, [launcher, ...args], { encoding: 'utf8', env: { ...process.env, NODE_OPTIONS: '' } })
}

describe('launcher', () => {
  const nodes = [...new Set([process.execPath, findSystemNode()])]

  it.each(nodes)('runs the command line on %s with its output and exit code', (node) => {
    expect(run(node, ['--version'])).toMatchObject({ status: 0, stdout: `${PACKAGE_VERSION}\n`, stderr: '' })
    expect(run(node, ['frobnicate'])).toMatchObject({ status: 2, stdout: '' })
  })

  it('passes arguments on as they are, with spaces, quotes and 中文', () => {
    const name = '中文 "a" $HOME'
    for (const node of nodes) expect(run(node, [name]).stderr).toContain(`unknown command '${name}'`)
  })
})

describe('launcher without a usable Node', () => {
  let folder = ''
  beforeAll(() => {
    // Away from node_modules nothing is pinned; an old Node is played by a version that the launcher reads.
    folder = mkdtempSync(join(tmpdir(), 'dff-launcher-'))
    for (const name of readdirSync(join(ROOT, 'bin')))
      cpSync(join(ROOT, 'bin', name), join(folder, 'bin', name))
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  it('says in one paragraph what is missing and ends with exit code 3', () => {
    const preload = `data:text/javascript,Object.defineProperty(process.versions,'node',{value:'18.0.0'})`
    const result = spawnSync(
      process.execPath,
      ['--import', preload, join(folder, 'bin', 'dff.cjs'), 'status'],
      {
        encoding: 'utf8',
      },
    )
    expect(result).toMatchObject({ status: 3, stdout: '' })
    expect(result.stderr).toMatch(/^dff needs Node 22\.19 or newer, got 18\.0\.0.*\n$/)
  })
})

describe('re-execution', () => {
  const reexec = join(ROOT, 'bin', 'reexec.cjs')
  /** Without execve, as on an older Node: the child is a process of its own. */
  const asChild = `process.execve = undefined; require(${JSON.stringify(reexec)})(process.execPath, [])`

  it('passes a signal on and ends as its child ended', async () => {
    const body = `process.on('SIGTERM', () => process.exit(7)); setInterval(() => {}, 1000); console.log('ready')`
    const folder = mkdtempSync(join(tmpdir(), 'dff-reexec-'))
    try {
      const file = join(folder, 'child.cjs')
      const { writeFileSync } = await import('node:fs')
      writeFileSync(file, `if (process.send) { ${body} } else { ${asChild} }`)
      const child = spawn(process.execPath, [file], { stdio: ['ignore', 'pipe', 'inherit'] })
      await new Promise((resolve) => child.stdout.once('data', resolve))
      child.kill('SIGTERM')
      const code = await new Promise((resolve) => child.once('exit', resolve))
      expect(code).toBe(7)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
