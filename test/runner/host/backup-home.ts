/** A home with a backup, for the tests of backup and restore. */
import { join } from 'node:path'
import type { RestoreResult } from '../../../runner/backup/backup-row.ts'
import { restoreHome } from '../../../runner/backup/restore.ts'
import { openClient } from '../../../runner/client.ts'
import type { HostClient } from '../../../runner/host-api.ts'
import { type Ground, makeGround } from './fixture.ts'

export const EXEC = { target: 'demo_set', atMs: null, debug: false } as const
/** The secret of the install form. */
export const TOKEN = 'token-value-of-the-demo'

export class BackupHome {
  readonly ground: Ground = makeGround()
  readonly home: string = this.ground.home
  readonly file: string = join(this.ground.root, 'back up 中文.db')

  /** Opens a home, by default this one, for one thing. */
  async use<T>(body: (client: HostClient) => Promise<T>, home = this.home): Promise<T> {
    const client = await openClient(home, { command: 'test', marketRoot: this.ground.marketRoot })
    try {
      return await body(client)
    } finally {
      await client.close()
    }
  }

  async deploy(client: HostClient, gateUrl?: string): Promise<void> {
    const parameters = { names: ['a'], token: TOKEN, ...(gateUrl === undefined ? {} : { gate: gateUrl }) }
    await client.call('install', { setId: 'demo_set', parameters, force: false })
    await client.call('deploy', { setId: 'demo_set', force: true })
  }

  /** Runs the script once more; answers with how often it has run by its own state. */
  async run(home = this.home): Promise<unknown> {
    return this.use(async (client) => (await client.call('exec', EXEC)).record.returnValue, home)
  }

  restore(home = this.home, signal = AbortSignal.timeout(60_000)): Promise<RestoreResult> {
    return restoreHome(home, { file: this.file, command: 'dff restore', signal })
  }

  /** One run, then the backup, then one run more: the next one is the third, or after a restore the second. */
  async makeHistory(): Promise<void> {
    await this.use((client) => this.deploy(client))
    await this.run()
    await this.use((client) => client.call('backup', { file: this.file, force: false }))
    await this.run()
  }
}
