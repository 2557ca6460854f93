import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openClient } from '../../../runner/client.ts'
import { homePaths } from '../../../runner/home.ts'
import { startHost } from '../../../runner/host.ts'
import { BackupHome, EXEC } from './backup-home.ts'

const REFUSAL = {
  code: 'STORE_CORRUPT',
  parts: { expected: 'an intact database', remedy: expect.stringContaining('dff restore FILE') as string },
}

let home: BackupHome

/** Another cursor than was stored, which SQLite itself has no way to notice. */
function damage(): void {
  const database = new DatabaseSync(homePaths(home.home).database)
  database.exec(`UPDATE state SET value = '99' WHERE key = 'count'`)
  database.close()
}

beforeEach(async () => {
  home = new BackupHome()
  await home.use(async (client) => {
    await home.deploy(client)
    await client.call('exec', EXEC)
  })
})

afterEach(() => home.ground.remove())

describe('a store with a cursor that the disk has changed', () => {
  it('is refused by dff start, which would build on it, and the home is free again', async () => {
    damage()
    const { signal } = new AbortController()
    const starting = startHost(home.home, { signal, marketRoot: home.ground.marketRoot })
    await expect(starting).rejects.toMatchObject(REFUSAL)
    const again = startHost(home.home, { signal, marketRoot: home.ground.marketRoot })
    await expect(again).rejects.toMatchObject(REFUSAL)
  })

  it('is refused by a command that opens a small store', async () => {
    damage()
    const opening = openClient(home.home, { command: 'test', marketRoot: home.ground.marketRoot })
    await expect(opening).rejects.toMatchObject(REFUSAL)
  })
})
