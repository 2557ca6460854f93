import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { homePaths } from '../../../runner/home.ts'
import { BackupHome } from './backup-home.ts'
import { hold, type Holder } from './holder-process.ts'

let home: BackupHome
let backup: Buffer
let holder: Holder | undefined

beforeAll(async () => {
  home = new BackupHome()
  await home.makeHistory()
  backup = readFileSync(home.file)
})

afterEach(async () => {
  await holder?.end('SIGKILL')
  holder = undefined
  writeFileSync(home.file, backup)
})

afterAll(() => home.ground.remove())

/** What a restore into a home is refused with; nothing of the home may have changed, and nothing lie about. */
async function refusal(of = home.home, signal?: AbortSignal): Promise<unknown> {
  const { database, dff } = homePaths(of)
  const before = readFileSync(database)
  const names = readdirSync(dff)
  const error = await home.restore(of, signal).catch((thrown: unknown) => thrown)
  expect(readFileSync(database).equals(before)).toBe(true)
  expect(readdirSync(dff)).toEqual(names)
  return error
}

function changeBackup(sql: string, ...values: SQLInputValue[]): void {
  const database = new DatabaseSync(home.file)
  database.prepare(sql).run(...values)
  database.close()
}

interface Refusal {
  readonly title: string
  readonly change: () => void
  readonly code: string
  readonly text: string
}

const CHANGED: readonly Refusal[] = [
  {
    title: 'a text',
    change: () => writeFileSync(home.file, 'a shopping list\n'.repeat(500)),
    code: 'STORE_CORRUPT',
    text: 'not a database',
  },
  {
    title: 'nothing',
    change: () => writeFileSync(home.file, ''),
    code: 'BACKUP_REFUSED',
    text: 'a file that dff backup has made',
  },
  { title: 'no file', change: () => rmSync(home.file), code: 'BACKUP_REFUSED', text: 'ENOENT' },
  {
    title: 'another database',
    change: () => {
      rmSync(home.file)
      changeBackup('CREATE TABLE t (a)')
    },
    code: 'BACKUP_REFUSED',
    text: 'another database',
  },
  {
    title: 'a damaged backup',
    change: () => writeFileSync(home.file, Buffer.from(backup).fill(0xa5, 4_096 * 4, 4_096 * 7)),
    code: 'STORE_CORRUPT',
    text: 'Nothing was changed. Use another backup.',
  },
  {
    title: 'a backup whose cursor has changed',
    change: () => changeBackup(`UPDATE state SET value = '2' WHERE key = 'count'`),
    code: 'STORE_CORRUPT',
    text: 'state "count" of startup__demo_set has changed',
  },
  {
    title: 'a backup of a newer release',
    change: () => changeBackup('PRAGMA user_version = 99'),
    code: 'STORE_CORRUPT',
    text: 'written by a newer release',
  },
  {
    title: 'a set whose files are not what its digest says',
    change: () =>
      changeBackup(`UPDATE backup_file SET content = x'00' WHERE path LIKE 'sets/demo_set/%/main.ts'`),
    code: 'DIGEST_MISMATCH',
    text: 'of the files that were kept',
  },
  ...['../evil.ts', 'startup/../.dff/key', '/etc/passwd', 'startup/.env', String.raw`startup\x.ts`].map(
    (path) => ({
      title: `a backup that would write ${path}`,
      change: () => changeBackup('INSERT INTO backup_file VALUES (?, ?)', path, Uint8Array.of(1)),
      code: 'BACKUP_REFUSED',
      text: 'do not use it',
    }),
  ),
]

describe('dff restore refuses, and keeps the home as it is,', () => {
  it.each(CHANGED)('$title', async ({ change, code, text }) => {
    change()
    const error = await refusal()
    expect(error).toMatchObject({ code, message: expect.stringContaining(text) as string })
    expect(String(error)).not.toContain('restoring')
  })

  it('a backup with secrets that another key has sealed', async () => {
    const other = join(home.ground.root, 'other key')
    await home.use((client) => client.call('status', {}), other)
    expect(await refusal(other)).toMatchObject({
      code: 'KEY_MISMATCH',
      parts: { place: home.file, got: 'demo_set.token, sealed with another key' },
    })
  })

  it('a backup with secrets where there is no key, and makes none', async () => {
    const { database, key, root } = homePaths(join(home.ground.root, 'no key'))
    await expect(home.restore(root)).rejects.toMatchObject({
      code: 'KEY_MISMATCH',
      message: expect.stringContaining(`Put the key that belongs to the backup into ${key}`) as string,
    })
    expect([existsSync(database), existsSync(key)]).toEqual([false, false])
  })

  it('a backup of another home, although the key is the same', async () => {
    const other = join(home.ground.root, 'same key')
    mkdirSync(join(other, '.dff'), { recursive: true })
    copyFileSync(homePaths(home.home).key, homePaths(other).key)
    await home.use((client) => home.deploy(client), other)
    expect(await refusal(other)).toMatchObject({
      code: 'BACKUP_REFUSED',
      message: expect.stringContaining(`which was ${home.home}`) as string,
    })
  })

  it('to wait for ever for a command that keeps the home', async () => {
    holder = await hold(home.ground, 'command')
    expect(await refusal(home.home, AbortSignal.timeout(300))).toMatchObject({
      code: 'HOME_BUSY',
      parts: {
        got: expect.stringContaining('dff exec demo_set') as string,
        remedy: 'Interrupted: nothing was changed.',
      },
    })
  })

  it('and after all of that the home goes on where it was', async () => {
    expect(await home.run()).toMatchObject({ count: 3 })
  })
})
