import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { homePaths } from '../../../runner/home.ts'
import { BackupHome, EXEC, TOKEN } from './backup-home.ts'
import { type Gate, openGate } from './fixture.ts'
import { hold, type Holder } from './holder-process.ts'

let home: BackupHome
let gate: Gate
let holder: Holder | undefined

function archivedPaths(): string[] {
  const database = new DatabaseSync(home.file, { readOnly: true })
  const rows = database.prepare('SELECT path FROM backup_file ORDER BY path').all()
  database.close()
  return rows.map((row) => String(row['path']).replace(/[0-9a-f]{64}/, 'DIGEST'))
}

beforeEach(async () => {
  home = new BackupHome()
  gate = await openGate()
  holder = undefined
})

afterEach(async () => {
  await holder?.end('SIGKILL')
  await gate.close()
  home.ground.remove()
})

describe('dff backup', () => {
  it('copies a home whose host is at work into one private file, with everything but the key', async () => {
    holder = await hold(home.ground, 'start')
    await home.use(async (client) => {
      await home.deploy(client, gate.url)
      const running = client.call('exec', EXEC)
      await gate.arrived()
      const row = await client.call('backup', { file: home.file, force: false })
      const counts = { sets: 2, scripts: 1, secrets: 1, tasks: 1 }
      expect(row).toMatchObject({ file: home.file, home: home.home, ...counts })
      gate.open()
      expect((await running).record.status).toBe('success')
    })
    expect(statSync(home.file).mode & 0o777).toBe(0o600)
    expect(readdirSync(home.ground.root).toSorted()).toEqual(['back up 中文.db', 'home', 'market'])
    const database = new DatabaseSync(home.file, { readOnly: true })
    expect(database.prepare('SELECT status FROM task').all()).toMatchObject([{ status: 'pending' }])
    database.close()
    expect(archivedPaths()).toEqual([
      'sets/demo_base/DIGEST/main.ts',
      'sets/demo_base/DIGEST/set.json',
      'sets/demo_set/DIGEST/main.ts',
      'sets/demo_set/DIGEST/set.json',
      'sets/demo_set/DIGEST/startup.ts.template',
      'startup/demo_set.ts',
    ])
  })

  it('never holds the key, in any usual spelling, nor a secret', async () => {
    await home.makeHistory()
    const bytes = readFileSync(home.file)
    const key = readFileSync(homePaths(home.home).key)
    const spellings = [key, key.toString('hex'), key.toString('base64'), key.toString('base64url'), TOKEN]
    expect(spellings.filter((spelling) => bytes.includes(spelling))).toEqual([])
    // What is looked for would be found: the sealed value is there.
    expect(bytes.includes('demo_set.token')).toBe(true)
  })

  it('leaves out what is hidden in startup/ and what others have installed there', async () => {
    await home.use(async (client) => {
      for (const path of ['.env', 'own.ts', 'parts/more.ts', 'node_modules/x/x.ts', '.git/config']) {
        const full = join(home.home, 'startup', path)
        mkdirSync(join(full, '..'), { recursive: true })
        writeFileSync(full, 'x')
      }
      await client.call('backup', { file: home.file, force: false })
    })
    expect(archivedPaths()).toEqual(['startup/own.ts', 'startup/parts/more.ts'])
  })

  it('refuses every target that it would harm or cannot reach, and leaves nothing there', async () => {
    writeFileSync(home.file, 'mine')
    const folder = join(home.ground.root, 'a folder')
    mkdirSync(folder)
    const targets = [
      [home.file, false, 'a file that is not there yet'],
      [folder, true, 'something that is no file'],
      [join(home.ground.root, 'nowhere/x.db'), false, 'a folder this user can write to'],
      [homePaths(home.home).database, true, 'outside the home'],
    ] as const
    await home.use(async (client) => {
      const before = readdirSync(home.ground.root, { recursive: true }).length
      for (const [file, force, expected] of targets) {
        await expect(client.call('backup', { file, force })).rejects.toThrow(expected)
      }
      expect(readdirSync(home.ground.root, { recursive: true })).toHaveLength(before)
    })
    expect(readFileSync(home.file, 'utf8')).toBe('mine')
  })

  it('replaces a file with --force, and then whole', async () => {
    writeFileSync(home.file, 'mine')
    await home.use((client) => client.call('backup', { file: home.file, force: true }))
    expect(readFileSync(home.file).subarray(0, 15).toString()).toBe('SQLite format 3')
  })

  it('is refused of a store that was damaged while the host works, so that no bad one takes a good one’s place', async () => {
    await home.makeHistory()
    const before = readFileSync(home.file)
    holder = await hold(home.ground, 'start')
    const database = new DatabaseSync(homePaths(home.home).database)
    database.exec(`UPDATE state SET value = '99' WHERE key = 'count'`)
    database.close()
    await home.use(async (client) => {
      const backup = client.call('backup', { file: home.file, force: true })
      await expect(backup).rejects.toMatchObject({ code: 'STORE_CORRUPT' })
    })
    expect(readFileSync(home.file).equals(before)).toBe(true)
    expect(readdirSync(home.ground.root).toSorted()).toEqual(['back up 中文.db', 'home', 'market'])
  })
})
