import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { DffError } from '../../../core/error.ts'
import { expectGolden } from '../../golden.ts'
import { BACKUP } from './sample.ts'
import { goldenFile, runScene } from './scene.ts'

describe('dff backup and dff restore', () => {
  it('name the file as this command sees it, because the host is in another folder', async () => {
    const { world } = await runScene(['backup', 'copies/home 中文.db', '--force'])
    expect(world.calls[0]).toEqual({
      name: 'backup',
      input: { file: resolve('copies/home 中文.db'), force: true },
    })
    const seen: string[] = []
    const restoreHome = async (
      home: string,
      { file, command }: { file: string; command: string },
    ): Promise<never> => {
      seen.push(home, file, command)
      throw new Error('enough')
    }
    await runScene(['restore', 'copies/x.db', '--home', '/home/demo'], { restoreHome })
    expect(seen).toEqual(['/home/demo', resolve('copies/x.db'), 'dff restore'])
  })

  it('say what became of the host, and which scripts stay as they are', async () => {
    const result = { replaced: null, restoredFiles: [], keptFiles: ['startup/a.ts', 'startup/b c.ts'] }
    const restoreHome = async (): Promise<never> => ({ ...BACKUP, ...result, isHostBack: true }) as never
    const { code, stdout } = await runScene(['restore', 'x.db', '--home', '/home/demo'], { restoreHome })
    expectGolden(stdout, goldenFile('restore-host'))
    expect(code).toBe(0)
  })

  it('end with 2 for a backup of another home, and with 3 for one of another key', async () => {
    const refuse = (code: 'BACKUP_REFUSED' | 'KEY_MISMATCH') => async (): Promise<never> => {
      throw new DffError({
        code,
        place: 'x.db',
        expected: 'this',
        got: 'that',
        remedy: 'Nothing was changed.',
      })
    }
    const home = await runScene(['restore', 'x.db'], { restoreHome: refuse('BACKUP_REFUSED') })
    const key = await runScene(['restore', 'x.db'], { restoreHome: refuse('KEY_MISMATCH') })
    expect([home.code, key.code]).toEqual([2, 3])
    expect(key.stderr).toBe('error x.db: expected this, got that. Nothing was changed.\n')
  })
})
