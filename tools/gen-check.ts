/** Proves that every generated file is fresh: runs the generators and compares what stood there before with what stands there now. */
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const FOLDERS = ['core', 'schemas', 'simulator', 'scripts', 'runner']

function generatedFiles(): string[] {
  const found = FOLDERS.flatMap((folder) =>
    readdirSync(`${root}${folder}`, { recursive: true, encoding: 'utf8' })
      .filter((path) => /\.generated\.[a-z.]+$/.test(path))
      .map((path) => `${folder}/${path}`),
  )
  const startup = readdirSync(`${root}startup`)
    .filter((path) => path.endsWith('.ts'))
    .map((path) => `startup/${path}`)
  return ['marketplace.json', 'schemas/regions.schema.json', ...startup, ...found]
}

function readAll(): Map<string, string> {
  return new Map(generatedFiles().map((path) => [path, readFileSync(`${root}${path}`, 'utf8')]))
}

const before = readAll()
execFileSync('npm', ['run', '--silent', 'gen'], { cwd: root, stdio: ['ignore', 2, 2] })
const stale = [...readAll()].filter(([path, text]) => before.get(path) !== text).map(([path]) => path)
if (stale.length > 0) {
  console.error(`Generated files were stale and have been rewritten: ${stale.join(', ')}. Commit them.`)
  process.exitCode = 1
}
