/**
 * Migrates a store by a step that takes long, and says when it has; killed by its test. `node migrate-slowly.ts PATH ROWS`.
 */
import { writeSync } from 'node:fs'
import { Database } from '../../../runner/store/sqlite/database.ts'
import { migrate } from '../../../runner/store/sqlite/migrate.ts'
import { MIGRATIONS } from '../../../runner/store/sqlite/migrations.ts'

const [path = '', rows = '0'] = process.argv.slice(2)
const STEP = `
CREATE TABLE filler (i INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
INSERT INTO filler WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${Number(rows)})
SELECT i, randomblob(500) FROM n;
ALTER TABLE task ADD COLUMN filled INTEGER NOT NULL DEFAULT 1;
`
const database = new Database(path, 5_000)
database.script('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
migrate(database, [...MIGRATIONS, STEP])
writeSync(1, 'done\n')
setInterval(() => undefined, 60_000)
