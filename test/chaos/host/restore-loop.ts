/** Restores a home again and again, saying so each time, until its test kills it: `node restore-loop.ts HOME FILE`. */
import { writeSync } from 'node:fs'
import { restoreHome } from '../../../runner/backup/restore.ts'

const [home = '', file = ''] = process.argv.slice(2)
writeSync(1, 'ready\n')
for (let round = 0; round < 10_000; round += 1) {
  await restoreHome(home, { file, command: 'dff restore', signal: new AbortController().signal })
  writeSync(1, 'restored\n')
}
