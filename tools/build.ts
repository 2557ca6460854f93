/** Compiles the host into dist/ for publishing: Node strips no types under node_modules. Script sets ship as TypeScript, with declarations for editors. */
import { execFileSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

rmSync(`${root}dist`, { recursive: true, force: true })
for (const project of ['tsconfig.build.json', 'tsconfig.declarations.json']) {
  execFileSync(process.execPath, [`${root}node_modules/typescript/bin/tsc`, '-p', project], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  })
}
