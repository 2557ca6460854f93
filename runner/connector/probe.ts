import { randomBytes } from 'node:crypto'
import { mkdir, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { coerceError } from '../../core/error.ts'
import type { Check } from '../../core/script.ts'
import type { ConnectorConfig } from '../../core/schema-types.generated.ts'
import { SECOND_MS } from '../../core/time.ts'
import type { CheckReport, ConnectorRow } from '../host-api.ts'
import { encodeBatches } from '../outbox/encode-batch.ts'
import { openDatakitSink } from '../sink/datakit.ts'
import { openDatawaySink } from '../sink/dataway.ts'
import type { SendResult, Sink } from '../sink/sink.ts'
import type { Vault } from '../secret/vault.ts'
import { outputFolder } from './output-folder.ts'

/** A person waits for the answer. */
const TEST_DEADLINE_MS = 10 * SECOND_MS
/** What a DataWay gets: it has no dry run, so the test writes one point of its own measurement. */
const TEST_MEASUREMENT = 'dff_connector_test'
const PROBE_BYTES = 4

export interface ConnectorTestDeps {
  readonly vault: Vault
  readonly output: string
}

function reachable(result: SendResult, url: string): Check {
  const base = { id: 'connector.reachable', title: `${url} answers` }
  const isReached = result.kind === 'stopped' ? result.isUnreached !== true : result.kind !== 'retry'
  if (isReached || result.kind === 'accepted') return { ...base, status: 'ok', detail: 'It answered.' }
  const remedy = 'Check that it runs, that the URL and port are right, and that no firewall stands between.'
  return { ...base, status: 'failed', detail: result.reason, remedy }
}

const WRITE_REMEDIES: Partial<Record<SendResult['kind'], string>> = {
  stopped: 'Check the token, the quota of the workspace and the URL, then set the connector again.',
  retry: 'Try again when it answers.',
}

function writable(result: SendResult, title: string, detail: string): Check {
  const base = { id: 'connector.write', title }
  if (result.kind === 'accepted') return { ...base, status: 'ok', detail }
  const remedy = WRITE_REMEDIES[result.kind] ?? 'Check that the URL is that of a DataKit or DataWay.'
  return { ...base, status: 'failed', detail: result.reason, remedy }
}

async function sendTestPoint(sink: Sink): Promise<SendResult> {
  const [batch] = encodeBatches([
    { category: 'metric', measurement: TEST_MEASUREMENT, tags: {}, fields: { ok: 1 }, timeMs: Date.now() },
  ])
  if (batch === undefined) throw new TypeError('the test point did not encode')
  try {
    return await sink.send({ batchId: 0, ...batch }, AbortSignal.timeout(TEST_DEADLINE_MS))
  } finally {
    await sink.close()
  }
}

async function testFolder(output: string): Promise<readonly Check[]> {
  const base = { id: 'connector.write', title: `${output} can be written` }
  const probe = join(output, `.probe-${randomBytes(PROBE_BYTES).toString('hex')}`)
  try {
    await mkdir(output, { recursive: true, mode: 0o700 })
    const file = await open(probe, 'wx', 0o600)
    try {
      await file.sync()
    } finally {
      await file.close()
      await rm(probe, { force: true })
    }
    return [{ ...base, status: 'ok', detail: 'Points are appended to files here, one per category and day.' }]
  } catch (error) {
    const detail = (error as NodeJS.ErrnoException).code ?? String(error)
    const remedy =
      'Give the user who runs the host write access, or set a connector: dff connector set default'
    return [{ ...base, status: 'failed', detail, remedy }]
  }
}

async function testDatakit(url: string): Promise<readonly Check[]> {
  const result = await sendTestPoint(await openDatakitSink(url, 'dry'))
  const detail = 'Asked with dry=1: nothing was stored.'
  return [reachable(result, url), writable(result, 'DataKit accepts a write', detail)]
}

async function testDataway(url: string, token: string): Promise<readonly Check[]> {
  const result = await sendTestPoint(await openDatawaySink(url, token))
  const detail = `One point was written: ${TEST_MEASUREMENT} ok=1 (DataWay has no dry run).`
  return [reachable(result, url), writable(result, 'DataWay accepts the token and a write', detail)]
}

async function testConfig(config: ConnectorConfig, deps: ConnectorTestDeps): Promise<readonly Check[]> {
  if (config.type === 'file') return testFolder(deps.output)
  if (config.type === 'datakit') return testDatakit(config.url)
  return testDataway(config.url, await deps.vault.read(config.tokenSecret))
}

/**
 * Tries a connector for real. DataKit is asked with `dry=1` and stores nothing; DataWay gets one point
 * `dff_connector_test ok=1`; for `file` an empty file is made and removed. Failures are checks, not rejections.
 */
export async function testConnector(row: ConnectorRow, deps: ConnectorTestDeps): Promise<CheckReport> {
  const target = `connector ${row.id}`
  try {
    const output = outputFolder(deps.output, row.id)
    return { target, checks: await testConfig(row.config, { ...deps, output }) }
  } catch (thrown) {
    const error = coerceError(thrown, target)
    const check: Check = {
      id: 'connector.open',
      status: 'failed',
      title: 'The connector can be opened',
      detail: error.message,
      remedy: error.parts.remedy,
    }
    return { target, checks: [check] }
  }
}
