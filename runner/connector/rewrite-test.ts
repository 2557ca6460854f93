import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { coerceError } from '../../core/error.ts'
import type { Check, SinkTraits } from '../../core/script.ts'
import { alignDown, type EpochMs, MINUTE_MS, SECOND_MS } from '../../core/time.ts'
import type { ConnectorRow } from '../host-api.ts'
import { encodeBatches } from '../outbox/encode-batch.ts'
import { openDatakitSink } from '../sink/datakit.ts'
import { openFileSink } from '../sink/file.ts'
import type { Sink } from '../sink/sink.ts'
import { sleep } from '../wait.ts'
import { queryDatakit, readFiles, UnreadableError } from './read-back.ts'
import { judgeRewrite, REWRITE_CASES, rewritePoints, type StoredRows, VALUE_FIELD } from './rewrite-case.ts'

/** Guance shows a point within seconds; a minute without it means that it will not come. */
const VISIBLE_WITHIN_MS = 60 * SECOND_MS
const POLL_MS = 2 * SECOND_MS
const RUN_BYTES = 6

/** How long and how often to look; shorter in tests. */
export interface Patience {
  readonly withinMs: number
  readonly pollMs: number
}

const PATIENCE: Patience = { withinMs: VISIBLE_WITHIN_MS, pollMs: POLL_MS }

export interface RewriteFinding {
  readonly check: Check
  /** Null when it cannot be found out here. */
  readonly found: SinkTraits | null
}

interface Store {
  readonly sink: Sink
  readonly read: () => Promise<StoredRows>
}

interface Experiment extends Store {
  readonly runId: string
  readonly timeMs: EpochMs
  readonly patience: Patience
  readonly signal: AbortSignal
}

async function write({ sink, runId, timeMs, signal }: Experiment, round: 0 | 1): Promise<void> {
  const [batch] = encodeBatches(rewritePoints(runId, timeMs, round))
  if (batch === undefined) throw new TypeError('the test points did not encode')
  const result = await sink.send({ batchId: round, ...batch }, signal)
  if (result.kind !== 'accepted')
    throw new UnreadableError(`it does not take the test points: ${result.reason}`)
}

function fingerprint(rows: StoredRows): string {
  return JSON.stringify(REWRITE_CASES.map((name) => rows[name].map((row) => [...row])))
}

/** Reads until `isDone` holds for two readings alike, or patience ends: the last reading. */
async function readUntil(
  { read, patience, signal }: Experiment,
  isDone: (rows: StoredRows) => boolean,
): Promise<StoredRows> {
  const deadlineMs = Date.now() + patience.withinMs
  let rows = await read()
  for (;;) {
    // One reading after the other: two that are alike show that nothing is on its way any more.
    await sleep(patience.pollMs, signal)
    signal.throwIfAborted()
    const next = await read()
    if (isDone(next) && fingerprint(next) === fingerprint(rows)) return next
    if (Date.now() >= deadlineMs) return next
    rows = next
  }
}

function isVisible(rows: StoredRows): boolean {
  return REWRITE_CASES.every((name) => rows[name].some((row) => row.has(VALUE_FIELD)))
}

async function experiment(run: Experiment): Promise<SinkTraits> {
  await write(run, 0)
  const before = await readUntil(run, isVisible)
  if (!isVisible(before)) throw new UnreadableError('what was written did not show within a minute')
  await write(run, 1)
  return judgeRewrite(await readUntil(run, (rows) => fingerprint(rows) !== fingerprint(before)))
}

const MEANINGS: Readonly<Record<SinkTraits['rewrite'], string>> = {
  last: 'the newer value counts',
  max: 'the larger value counts',
  both: 'both values are kept, so that sums double',
  unknown: 'neither the newer nor the larger value counts, so every minute is written once',
}

const BASE = {
  id: 'connector.rewrite',
  title: 'What the store does with the same series and timestamp written twice',
} as const

function found(traits: SinkTraits): RewriteFinding {
  const merging = traits.mergesFields ? 'a second line adds its fields' : 'fields of two lines do not merge'
  const detail = `rewrite ${traits.rewrite}: ${MEANINGS[traits.rewrite]}; ${merging}.`
  return { check: { ...BASE, status: 'ok', detail }, found: traits }
}

function unknown(id: string, reason: string): RewriteFinding {
  const remedy = `It stays as it is set. If you know it, set it by hand: dff connector set ${id} … --rewrite last|max|both [--merges-fields]. To see it, write the same series and timestamp twice with different values and look at it in Guance.`
  return {
    check: { ...BASE, status: 'warning', detail: `cannot be found out: ${reason}`, remedy },
    found: null,
  }
}

async function withFiles<T>(output: string, use: (store: Store) => Promise<T>): Promise<T> {
  await mkdir(output, { recursive: true, mode: 0o700 })
  // Beside the real files, on the same disk, and not among them.
  const folder = await mkdtemp(join(output, '.rewrite-test-'))
  const sink = openFileSink(folder)
  try {
    return await use({ sink, read: () => readFiles(folder) })
  } finally {
    await sink.close()
    await rm(folder, { recursive: true, force: true })
  }
}

/**
 * Writes the measurement `dff_rewrite_test` twice with other values and fields and reads it back. A store that cannot be
 * read is a warning with what to do by hand, not a rejection.
 */
export async function testRewrite(
  { id, config }: ConnectorRow,
  {
    output,
    signal,
    patience = PATIENCE,
  }: { readonly output: string; readonly signal: AbortSignal; readonly patience?: Patience },
): Promise<RewriteFinding> {
  const runId = randomBytes(RUN_BYTES).toString('hex')
  const timeMs = alignDown(Date.now(), MINUTE_MS)
  const run = { runId, timeMs, signal }
  try {
    if (config.type === 'file') {
      const atOnce: Patience = { withinMs: 0, pollMs: 0 }
      return found(await withFiles(output, (store) => experiment({ ...run, ...store, patience: atOnce })))
    }
    if (config.type === 'dataway') return unknown(id, 'DataWay takes points and gives none back')
    // Asked before anything is written: where nothing can be read, nothing is left behind.
    await queryDatakit(config.url, runId, timeMs)
    const sink = await openDatakitSink(config.url)
    try {
      const read = (): Promise<StoredRows> => queryDatakit(config.url, runId, timeMs)
      return found(await experiment({ ...run, sink, read, patience }))
    } finally {
      await sink.close()
    }
  } catch (error) {
    signal.throwIfAborted()
    return unknown(id, coerceReason(error))
  }
}

function coerceReason(error: unknown): string {
  return error instanceof UnreadableError ? `${error.message}.` : coerceError(error, 'rewrite test').message
}
