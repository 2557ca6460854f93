import { DffError } from '../../../core/error.ts'
import { type BatchRow, isIntactBatch } from './batch.ts'
import { isIntact } from './checksum.ts'
import { DAMAGED_REMEDY, Database } from './database.ts'
import { migrate } from './migrate.ts'

/** Up to this size the slower check, which also compares indexes with their tables, takes less than half a second. */
const MAX_THOROUGH_BYTES = 64 * 1024 ** 2

/** SQLite lists what it finds; the first finding is enough to know that the file cannot be trusted. */
const MAX_FINDING = 300

function findStructure(database: Database): string | undefined {
  const { bytes } = database.get<{ bytes: number }>(
    'SELECT page_count * page_size AS bytes FROM pragma_page_count(), pragma_page_size()',
  ) ?? { bytes: 0 }
  const pragma = bytes <= MAX_THOROUGH_BYTES ? 'integrity_check' : 'quick_check'
  const row = database.get<Readonly<Record<string, string>>>(`PRAGMA ${pragma}(1)`)
  const finding = row?.[pragma] ?? 'no answer'
  return finding === 'ok' ? undefined : finding.replaceAll(/\s+/g, ' ').trim().slice(0, MAX_FINDING)
}

/** Columns of JSON, which STRICT tables only keep to be text. */
const JSON_COLUMNS: Readonly<Record<string, readonly string[]>> = {
  script_set: ['manifest', 'parameters', 'form'],
  startup_script: ['functions'],
  connector: ['config'],
  task: ['problems', 'usage', 'predicted', 'resources', 'return_value'],
  batch: ['contents'],
}

function findJson(database: Database): string | undefined {
  for (const [table, columns] of Object.entries(JSON_COLUMNS)) {
    const broken = columns.map((column) => `NOT coalesce(json_valid(${column}), 1)`).join(' OR ')
    if (database.get(`SELECT 1 FROM ${table} WHERE ${broken} LIMIT 1`) !== undefined) {
      return `a row of ${table} is no JSON any more`
    }
  }
  return undefined
}

function findContent(database: Database): string | undefined {
  const states = database.each<{ script_id: string; key: string; value: string; crc: number | null }>(
    'SELECT script_id, key, value, crc FROM state',
  )
  for (const row of states) {
    if (!isIntact(row, row.value)) return `state ${JSON.stringify(row.key)} of ${row.script_id} has changed`
  }
  for (const row of database.each<BatchRow>('SELECT * FROM batch')) {
    if (!isIntactBatch(row)) return `batch ${row.batch_id} has changed`
  }
  return undefined
}

function damaged(database: Database, finding: string): DffError {
  return new DffError({
    code: 'STORE_CORRUPT',
    place: database.path,
    expected: 'an intact database',
    got: `a damaged one (${finding})`,
    remedy: DAMAGED_REMEDY,
  })
}

/** Throws STORE_CORRUPT when the file is no sound database, of whatever version. */
export function checkStructure(database: Database): void {
  const finding = findStructure(database)
  if (finding !== undefined) throw damaged(database, finding)
}

interface SchemaRow {
  readonly name: string
  readonly sql: string
}

/** Tables, indexes and triggers as text; releases of SQLite differ in the blanks that ALTER TABLE leaves. */
function readSchema(database: Database): ReadonlyMap<string, string> {
  const rows = database.all<SchemaRow>('SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL')
  return new Map(rows.map(({ name, sql }) => [name, sql.replaceAll(/\s+/g, '')]))
}

/** The schema is text in the file as well. What somebody added to it is none of our business. */
function findSchema(database: Database): string | undefined {
  const expected = new Database(':memory:', 0)
  try {
    migrate(expected)
    const found = readSchema(database)
    const wrong = [...readSchema(expected)].find(([name, sql]) => found.get(name) !== sql)
    return wrong === undefined ? undefined : `the schema of ${wrong[0]} has changed`
  } finally {
    expected.close()
  }
}

/** Reads everything that carries a checksum or has a form of its own, in a store of the newest version; throws STORE_CORRUPT naming the first that changed. */
export function checkContent(database: Database): void {
  const finding = findSchema(database) ?? findJson(database) ?? findContent(database)
  if (finding !== undefined) throw damaged(database, finding)
}
