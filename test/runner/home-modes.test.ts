import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openClient } from '../../runner/client.ts'
import { prepareHome } from '../../runner/home-folder.ts'
import { findWritable, mendModes } from '../../runner/home-modes.ts'
import { type HomePaths, homePaths } from '../../runner/home.ts'
import { makeGround } from './host/fixture.ts'

let root = ''
let paths: HomePaths

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'dff-modes-'))
  paths = homePaths(root)
  prepareHome(paths)
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

function modeOf(path: string): number {
  return statSync(path).mode & 0o777
}

function write(path: string, mode: number): void {
  writeFileSync(path, 'x')
  chmodSync(path, mode)
}

describe('the modes of a home', () => {
  it('are for its owner alone from the start, whatever the umask', () => {
    const before = process.umask(0)
    try {
      const fresh = homePaths(join(root, 'fresh'))
      expect(prepareHome(fresh)).toEqual([])
      expect([modeOf(fresh.root), modeOf(fresh.dff)]).toEqual([0o700, 0o700])
    } finally {
      process.umask(before)
    }
  })

  it('are mended where others could read, with a word for each', () => {
    chmodSync(paths.dff, 0o755)
    expect(prepareHome(paths)).toEqual([`${paths.dff} could be read by others (0755); it is 0700 now.`])
    write(paths.key, 0o640)
    write(paths.database, 0o644)
    write(`${paths.database}-wal`, 0o666)
    write(paths.socketToken, 0o604)
    mkdirSync(paths.output)
    chmodSync(paths.output, 0o777)
    expect(mendModes(paths)).toEqual([
      `${paths.key} could be read by others (0640); it is 0600 now. If others use this machine, change the key: dff secret rotate-key`,
      `${paths.database} could be read by others (0644); it is 0600 now.`,
      `${paths.database}-wal could be read by others (0666); it is 0600 now.`,
      `${paths.socketToken} could be read by others (0604); it is 0600 now.`,
      `${paths.output} could be read by others (0777); it is 0700 now.`,
    ])
    expect([paths.key, paths.database, paths.socketToken].map(modeOf)).toEqual([0o600, 0o600, 0o600])
    expect(mendModes(paths)).toEqual([])
  })

  it('of what a link leads to are left to whoever made it', () => {
    write(join(root, 'elsewhere'), 0o644)
    symlinkSync(join(root, 'elsewhere'), paths.key)
    expect(mendModes(paths)).toEqual([])
    expect(modeOf(join(root, 'elsewhere'))).toBe(0o644)
  })

  it('of Startup scripts are named when anybody may write them', () => {
    expect(findWritable(paths)).toEqual([])
    mkdirSync(paths.startup)
    write(join(paths.startup, 'a.ts'), 0o664)
    expect(findWritable(paths)).toEqual([])
    write(join(paths.startup, 'b.ts'), 0o666)
    chmodSync(paths.startup, 0o777)
    expect(findWritable(paths)).toEqual([paths.startup, join(paths.startup, 'b.ts')])
  })
})

describe('a command', () => {
  it('says what it had to mend, and doctor what it could not', async () => {
    const ground = makeGround()
    const warnings: string[] = []
    const open = (): ReturnType<typeof openClient> =>
      openClient(ground.home, {
        command: 'test',
        marketRoot: ground.marketRoot,
        onWarning: (text) => warnings.push(text),
      })
    try {
      const first = await open()
      await first.call('secret.set', { name: 'a.b', value: 'value', grantTo: null })
      await first.close()
      const home = homePaths(ground.home)
      chmodSync(home.key, 0o644)
      mkdirSync(home.startup)
      chmodSync(home.startup, 0o777)
      const second = await open()
      expect(warnings).toEqual([expect.stringContaining(`${home.key} could be read by others (0644)`)])
      const [host] = await second.call('doctor', { setId: null })
      expect(host?.checks.find(({ id }) => id === 'host.modes')).toMatchObject({
        status: 'warning',
        remedy: `Type chmod o-w ${home.startup}`,
      })
      expect(await second.call('secret.rotateKey', { key: null })).toEqual({ resealed: 1, place: home.key })
      await second.close()
    } finally {
      ground.remove()
    }
  })
})
