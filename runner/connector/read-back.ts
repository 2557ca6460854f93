import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { EpochMs } from '../../core/time.ts'
import { MINUTE_MS, SECOND_MS } from '../../core/time.ts'
import { readLines } from '../line-protocol/read.ts'
import { openAgent, readBounded } from '../sink/http.ts'
import { parseSinkUrl } from '../sink/url.ts'
import {
  REWRITE_CASES,
  REWRITE_MEASUREMENT,
  type RewriteCase,
  ROUND_FIELDS,
  type StoredRow,
  type StoredRows,
  VALUE_FIELD,
} from './rewrite-case.ts'

/** A person waits; an answer that takes longer is asked for again. */
const QUERY_DEADLINE_MS = 10 * SECOND_MS

/** Why what was written cannot be read back. One line for a person. */
export class UnreadableError extends Error {
  override readonly name = 'UnreadableError'
}

function numberFields(line: string, keys: readonly string[]): StoredRow {
  const fields = new Map<string, number>()
  for (const key of keys) {
    const value = new RegExp(`[ ,]${key}=(-?[0-9.]+)`).exec(line)?.[1]
    if (value !== undefined) fields.set(key, Number(value))
  }
  return fields
}

/** As whoever loads the files finds them: of lines with the same series and time, the last one. */
export async function readFiles(folder: string): Promise<StoredRows> {
  const rows: Record<RewriteCase, readonly StoredRow[]> = { rising: [], falling: [] }
  for (const name of (await readdir(folder)).toSorted()) {
    // One file after the other: later ones win.
    for (const { line, tags, fieldKeys } of readLines(await readFile(join(folder, name), 'utf8'))) {
      const found = REWRITE_CASES.find((one) => one === tags.get('case'))
      if (found !== undefined) rows[found] = [numberFields(line, fieldKeys)]
    }
  }
  return rows
}

/** One series of a DQL answer. */
interface DqlSeries {
  readonly columns?: unknown
  readonly values?: unknown
}

function rowsOf({ columns, values }: DqlSeries): readonly StoredRow[] {
  if (!Array.isArray(columns) || !Array.isArray(values))
    throw new UnreadableError('its query API answers in a form that is not known here')
  const names = columns.map(String)
  return values.map((row: unknown) => {
    const fields = new Map<string, number>()
    const cells: readonly unknown[] = Array.isArray(row) ? row : []
    names.forEach((name, index) => {
      const cell = cells[index]
      if (typeof cell === 'number' && name !== 'time') fields.set(name, cell)
    })
    return fields
  })
}

function parseAnswer(text: string): StoredRows {
  const { content } = JSON.parse(text) as {
    readonly content?: readonly { readonly series?: readonly DqlSeries[] | null }[]
  }
  if (!Array.isArray(content) || content.length !== REWRITE_CASES.length) {
    throw new UnreadableError('its query API answers in a form that is not known here')
  }
  const [rising = [], falling = []] = (
    content as readonly { readonly series?: readonly DqlSeries[] | null }[]
  ).map(({ series }) => (series ?? []).flatMap(rowsOf))
  return { rising, falling }
}

function queryBody(runId: string, timeMs: EpochMs): string {
  const fields = [VALUE_FIELD, ...ROUND_FIELDS].map((field) => `\`${field}\``).join(', ')
  const queries = REWRITE_CASES.map((name) => ({
    query: `M::\`${REWRITE_MEASUREMENT}\`:(${fields}) { \`run\` = '${runId}' AND \`case\` = '${name}' }`,
    time_range: [timeMs - MINUTE_MS, timeMs + MINUTE_MS],
  }))
  return JSON.stringify({ queries })
}

/** Asks DataKit's query API, which needs the workspace token that DataKit holds. Rejects with UnreadableError. */
export async function queryDatakit(url: string, runId: string, timeMs: EpochMs): Promise<StoredRows> {
  const base = parseSinkUrl(url, 'connector: url')
  const agent = await openAgent(base)
  try {
    const response = await agent.request({
      origin: base.origin,
      path: `${base.pathname.replace(/\/+$/, '')}/v1/query/raw`,
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: queryBody(runId, timeMs),
      signal: AbortSignal.timeout(QUERY_DEADLINE_MS),
    })
    const text = await readBounded(response.body)
    if (response.statusCode !== 200) {
      throw new UnreadableError(`its query API answers ${response.statusCode}`)
    }
    return parseAnswer(text)
  } catch (error) {
    if (error instanceof UnreadableError) throw error
    throw new UnreadableError('its query API cannot be asked', { cause: error })
  } finally {
    await agent.close()
  }
}
