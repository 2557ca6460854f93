import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Database } from '../../../runner/store/sqlite/database.ts'
import { migrate } from '../../../runner/store/sqlite/migrate.ts'
import { MIGRATIONS } from '../../../runner/store/sqlite/migrations.ts'
import { openSqliteStore } from '../../../runner/store/sqlite/open.ts'
import { CONNECTOR, makeBatch, SCRIPT, StoreFixture, SUCCESS, TRIGGER } from '../../contract/store-fixture.ts'

const MIGRATE_SLOWLY = fileURLToPath(new URL('migrate-slowly.ts', import.meta.url))
/** Half a gigabyte: a step that nobody waits for. */
const ENDLESS_ROWS = 1_000_000
/** SQLite writes out what its cache of 2 MB does not hold: more than this in the log is the middle of the step. */
const IN_THE_MIDDLE_BYTES = 8e6

let folder: string
let path: string

/** A store of the first version, with a row in every table that the host fills. */
function makeOldStore(): void {
  const database = new Database(path, 5_000)
  database.script('PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL')
  migrate(database, MIGRATIONS.slice(0, 1))
  database.script(`
    INSERT INTO script_set VALUES ('set', '1.0.0', 'd', 1, '{"id":"set","requires":[],"uses":[]}', '{"a":"中文"}', NULL);
    INSERT INTO startup_script VALUES ('${SCRIPT}', 'set', 'd', 1, '[]');
    INSERT INTO secret VALUES ('ak', 1, x'00ff');
    INSERT INTO secret_grant VALUES ('ak', '${SCRIPT}');
    INSERT INTO connector VALUES ('default', '{"type":"file"}');
    INSERT INTO trigger_rule VALUES ('cron-1', '${SCRIPT}.run', 'T', '*/5 * * * *', 'UTC', '0 * * * *', NULL, 0, 1, 300000);
    INSERT INTO task (id, func_id, origin, status, trigger_time_ms, expires_at_ms, end_time_ms, is_debug, connector)
      VALUES ('t', '${SCRIPT}.run', 'direct', 'success', 1, 2, 3, 0, 'file');
    INSERT INTO lease VALUES ('${SCRIPT}.run', 41, NULL, 0);
    INSERT INTO log_line VALUES ('t', 1, 1, 'a line');
    INSERT INTO batch (sort_key, connector_id, script_id, task_id, category, state, points, raw_bytes, stored_bytes, created_at_ms, contents, body)
      VALUES ('0000000000000001', '${CONNECTOR}', '${SCRIPT}', 't', 'metric', 'waiting', 2, 9, 3, 1, '[]', x'616263');
    INSERT INTO state VALUES ('${SCRIPT}', 'cursor', 1, '{"at":7}');
  `)
  database.close()
}

function startMigration(rows: number): ChildProcess {
  return spawn(process.execPath, [MIGRATE_SLOWLY, path, String(rows)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

async function kill(child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  await gone
}

/** What a reader finds: the version, whether the step is there, and whether the file is sound. */
function look(): { readonly version: number; readonly hasStep: boolean; readonly check: string } {
  const database = new DatabaseSync(path)
  const version = Number(database.prepare('PRAGMA user_version').get()?.['user_version'])
  const tables = database.prepare(`SELECT 1 FROM sqlite_master WHERE name = 'filler'`).all().length
  const columns = database
    .prepare(`SELECT 1 FROM pragma_table_info('task') WHERE name = 'filled'`)
    .all().length
  const check = String(database.prepare('PRAGMA integrity_check').get()?.['integrity_check'])
  database.close()
  expect(tables).toBe(columns)
  return { version, hasStep: tables === 1, check }
}

function schemaOf(file: string): unknown {
  const database = new DatabaseSync(file)
  const rows = database.prepare('SELECT type, name, sql FROM sqlite_master ORDER BY type, name').all()
  database.close()
  return rows
}

/** The schema of a store that was migrated up to a version and no further. */
function schemaAt(version: number): unknown {
  const file = join(folder, `version ${version}.db`)
  const database = new Database(file, 5_000)
  migrate(database, MIGRATIONS.slice(0, version))
  database.close()
  const schema = schemaOf(file)
  rmSync(file)
  return schema
}

/** What makeOldStore wrote, as the store of now gives it back, and whether that store goes on from there. */
async function readEverything(): Promise<unknown> {
  const store = await openSqliteStore(path, { maxCheckedBytes: Infinity })
  const fixture = new StoreFixture(store)
  const found = {
    parameters: (await store.sets.get('set'))?.parameters,
    grants: (await store.secrets.list()).map(({ name, grantedTo }) => [name, ...grantedTo]),
    trigger: await store.triggers.get(TRIGGER.triggerId),
    record: await store.records.get('t'),
    log: (await store.records.readLog('t', 0)).map(({ text }) => text),
    cursor: await store.state.load(SCRIPT, 'cursor'),
    waiting: await fixture.nextText(),
  }
  const lease = await fixture.runTask('new')
  const commit = await fixture.commit(lease, { batches: [makeBatch('x')], state: { cursor: { at: 8 } } })
  await store.queue.finish(lease, SUCCESS)
  await store.close()
  return { ...found, fence: lease.fence, commit }
}

const EVERYTHING = {
  parameters: { a: '中文' },
  grants: [['ak', SCRIPT]],
  trigger: { cronOverride: '0 * * * *', isEnabled: false, lastTickMs: 300_000, mark: null },
  record: { status: 'success', missedTicks: 0 },
  log: ['a line'],
  cursor: { at: 7 },
  waiting: 'abc',
  fence: 42,
  commit: 'committed',
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dff-migration-'))
  path = join(folder, 'host.db')
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('a migration', () => {
  it('keeps everything of a store of the first version', async () => {
    makeOldStore()
    expect(await readEverything()).toMatchObject(EVERYTHING)
  })

  it('that is killed in the middle leaves the old schema, from which the next start goes on', async () => {
    makeOldStore()
    for (let round = 0; round < 3; round += 1) {
      const child = startMigration(ENDLESS_ROWS)
      const isInTheMiddle = (): boolean =>
        (statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0) > IN_THE_MIDDLE_BYTES
      await vi.waitUntil(isInTheMiddle, { timeout: 20_000, interval: 5 })
      await kill(child)
      expect(look()).toEqual({ version: MIGRATIONS.length, hasStep: false, check: 'ok' })
    }
    expect(await readEverything()).toMatchObject(EVERYTHING)
  })

  it('that is killed as soon as it says that it is done leaves the new schema', async () => {
    makeOldStore()
    const child = startMigration(1_000)
    await once(child.stdout ?? child, 'data')
    await kill(child)
    expect(look()).toEqual({ version: MIGRATIONS.length + 1, hasStep: true, check: 'ok' })
  })

  it('that is killed at any moment leaves the schema of one version, whole', async () => {
    for (let round = 0; round < 8; round += 1) {
      path = join(folder, `host ${round}.db`)
      makeOldStore()
      const child = startMigration(20_000)
      const gone = once(child, 'exit')
      // From before the process has opened the file to after it has said that it is done.
      const timer = setTimeout(() => child.kill('SIGKILL'), 60 + round * 40)
      child.stdout?.once('data', () => child.kill('SIGKILL'))
      await gone
      clearTimeout(timer)
      const { version, hasStep, check } = look()
      expect(check).toBe('ok')
      // Each step is a transaction of its own: a kill may fall between any two.
      expect(version).toBeGreaterThanOrEqual(1)
      expect(version).toBeLessThanOrEqual(MIGRATIONS.length + 1)
      expect(hasStep).toBe(version === MIGRATIONS.length + 1)
      if (!hasStep) expect(schemaOf(path)).toEqual(schemaAt(version))
    }
  })
})
