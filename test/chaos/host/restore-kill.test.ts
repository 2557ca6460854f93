import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { randomBytes } from 'node:crypto'
import { copyFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it, onTestFinished } from 'vitest'
import { homePaths } from '../../../runner/home.ts'
import { openSqliteStore } from '../../../runner/store/sqlite/open.ts'
import { BackupHome } from '../../runner/host/backup-home.ts'

const RESTORE_LOOP = fileURLToPath(new URL('restore-loop.ts', import.meta.url))
const KILLS = 8

/** How often the script of a home has run; the store is read whole, as a host does. */
async function readCount(path: string): Promise<unknown> {
  const store = await openSqliteStore(path, { maxCheckedBytes: Infinity })
  const count = await store.state.load('startup__demo_set', 'count')
  await store.close()
  return count
}

it('leaves the former store or the restored one, whole, whenever it is killed', async () => {
  const home = new BackupHome()
  onTestFinished(() => home.ground.remove())
  await home.use((client) => home.deploy(client))
  const { database, dff } = homePaths(home.home)
  // A megabyte or two, so that copying takes its time.
  const store = await openSqliteStore(database)
  for (let index = 0; index < 8; index += 1) {
    await store.connectors.put(`filler${index}`, {
      type: 'datakit',
      url: randomBytes(150_000).toString('hex'),
    })
  }
  await store.close()
  await home.run()
  await home.use((client) => client.call('backup', { file: home.file, force: false }))
  await home.run()
  const later = join(home.ground.root, 'later.db')
  copyFileSync(database, later)
  for (let kill = 0; kill <= KILLS; kill += 1) {
    copyFileSync(later, database)
    const child = spawn(process.execPath, [RESTORE_LOOP, home.home, home.file], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let said = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text
      // The last one falls into a later round, however slow the machine is.
      if (kill === KILLS && said.includes('restored')) child.kill('SIGKILL')
    })
    await once(child.stdout, 'data')
    // From its first step to well into its second round.
    if (kill < KILLS) setTimeout(() => child.kill('SIGKILL'), kill * 25)
    await once(child, 'close')
    const count = await readCount(database)
    expect(said.includes('restored') ? [1] : [1, 2]).toContain(count)
  }
  expect(await home.restore()).toMatchObject({ isHostBack: null })
  expect(await home.run()).toMatchObject({ count: 2 })
  // What the killed ones left half-copied has been cleared away.
  expect(readdirSync(dff).filter((name) => name.includes('restoring'))).toEqual([])
}, 120_000)
