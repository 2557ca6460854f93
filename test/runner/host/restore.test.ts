import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { homePaths } from '../../../runner/home.ts'
import { BackupHome, EXEC } from './backup-home.ts'
import { type Gate, openGate } from './fixture.ts'
import { hold, type Holder } from './holder-process.ts'

const TASKS = { limit: 9, funcId: null, status: null } as const

let home: BackupHome
let gate: Gate
let holder: Holder | undefined

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

/** A folder with nothing but the key of the home. */
function makeKeyedHome(): string {
  const other = join(home.ground.root, 'another home')
  mkdirSync(join(other, '.dff'), { recursive: true })
  copyFileSync(homePaths(home.home).key, homePaths(other).key)
  return other
}

describe('dff restore', () => {
  it('takes a home back to the backup while its host runs, which goes on with it', async () => {
    await home.makeHistory()
    holder = await hold(home.ground, 'start')
    const replaced = homePaths(home.home).databaseReplaced
    expect(await home.restore()).toMatchObject({ isHostBack: true, keptFiles: [], replaced })
    await home.use(async (client) => {
      expect(await client.call('status', {})).toMatchObject({ pid: holder?.pid, mode: 'start' })
      expect(await client.call('task.list', TASKS)).toHaveLength(1)
    })
    expect(await home.run()).toMatchObject({ count: 2 })
    expect(holder.output()).toContain('The home is lent to a restore')
  })

  it('ends what runs, and closes what ran when the backup was made', async () => {
    holder = await hold(home.ground, 'start')
    const taskId = await home.use(async (client) => {
      await home.deploy(client, gate.url)
      const running = client.call('exec', EXEC)
      running.catch(() => undefined)
      await gate.arrived()
      await client.call('backup', { file: home.file, force: false })
      const [task] = await client.call('task.list', { ...TASKS, status: 'pending' })
      expect((await home.restore()).isHostBack).toBe(true)
      return task?.id ?? ''
    })
    const after = await home.use((client) => client.call('task.show', { taskId }))
    expect(after).toMatchObject({ status: 'failure', exceptionType: 'HostDied' })
  })

  it('makes a whole home of a new folder and the key', async () => {
    await home.makeHistory()
    const other = makeKeyedHome()
    const result = await home.restore(other)
    expect(result).toMatchObject({ isHostBack: null, replaced: null })
    expect(result.restoredFiles).toHaveLength(3)
    expect(result.restoredFiles).toContain('startup/demo_set.ts')
    expect(await home.run(other)).toMatchObject({ count: 2 })
  })

  it('may follow a command that has made an empty store, and keeps Startup scripts that are there', async () => {
    await home.makeHistory()
    const other = makeKeyedHome()
    await home.use((client) => client.call('status', {}), other)
    mkdirSync(join(other, 'startup'))
    writeFileSync(join(other, 'startup/demo_set.ts'), '// mine')
    expect(await home.restore(other)).toMatchObject({ keptFiles: ['startup/demo_set.ts'] })
    expect(readFileSync(join(other, 'startup/demo_set.ts'), 'utf8')).toBe('// mine')
  })

  it('puts back what was damaged, and keeps the damaged file', async () => {
    await home.makeHistory()
    const { database, databaseReplaced } = homePaths(home.home)
    const damaged = readFileSync(database).fill(0xff, 0, 8_192)
    writeFileSync(database, damaged)
    expect((await home.restore()).replaced).toBe(databaseReplaced)
    expect(readFileSync(databaseReplaced).equals(damaged)).toBe(true)
    expect(await home.run()).toMatchObject({ count: 2 })
  })

  it('that is undone: what it replaced is a whole store', async () => {
    await home.makeHistory()
    const { database, databaseReplaced } = homePaths(home.home)
    await home.restore()
    copyFileSync(databaseReplaced, database)
    expect(await home.run()).toMatchObject({ count: 3 })
  })
})
