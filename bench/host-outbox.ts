import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { encodeBatches } from '../runner/outbox/encode-batch.ts'
import { createSender } from '../runner/outbox/sender.ts'
import { openDatakitSink } from '../runner/sink/datakit.ts'
import { openSqliteStore } from '../runner/store/sqlite/open.ts'
import type { EncodedBatch } from '../runner/store/outbox-store.ts'
import type { Lease, Store } from '../runner/store/store.ts'
import { makePollPoints } from './poll-points.ts'

const COMMITS = 200
/** State that a slice writes with its points: the buckets of its identities. */
const STATE_KEYS = 64
const STATE_VALUE = 'x'.repeat(1_000)
const BATCH_POINTS = 2_000
const BATCHES = 100
export const SCRIPT = 'startup__bench'
const DRAIN_MS = 120_000

export interface OutboxFigures {
  readonly commitRowsPerSecond: number
  readonly commitMs: number
  readonly senderPointsPerSecond: number
}

/** A task that holds its lease, as one that commits must. */
export async function leaseTask(store: Store): Promise<Lease> {
  const task = {
    id: 'bench',
    funcId: `${SCRIPT}.run`,
    triggerId: null,
    origin: 'direct',
    tickMs: null,
  } as const
  const times = { triggerTimeMs: 0, expiresAtMs: Date.now() + DRAIN_MS }
  await store.queue.enqueueOnce({
    ...task,
    ...times,
    isDebug: false,
    connector: 'default',
    endpointUrl: null,
  })
  const claim = await store.queue.claim(task.id, Date.now(), DRAIN_MS)
  if (claim.kind !== 'claimed') throw new Error(`the task is ${claim.kind}`)
  return { taskId: task.id, fence: claim.fence }
}

async function commit(
  store: Store,
  lease: Lease,
  { batches, round }: { readonly batches: readonly EncodedBatch[]; readonly round: number },
): Promise<void> {
  const keys = Array.from({ length: STATE_KEYS }, (_, key) => [`key-${key}`, `${round} ${STATE_VALUE}`])
  const result = await store.commit({
    lease,
    nowMs: Date.now(),
    scriptId: SCRIPT,
    connectorId: 'default',
    batches,
    state: Object.fromEntries(keys) as Record<string, string>,
    usage: [],
  })
  if (result.kind !== 'committed') throw new Error(`the commit is ${result.kind}`)
}

/** A batch, its count in the record, and the keys of the state. */
const ROWS_PER_COMMIT = 2 + STATE_KEYS

async function measureCommits(store: Store, lease: Lease): Promise<number> {
  const batches = encodeBatches(makePollPoints(100))
  const startedMs = performance.now()
  for (let round = 0; round < COMMITS; round += 1) await commit(store, lease, { batches, round })
  return (performance.now() - startedMs) / COMMITS
}

/** A DataKit that takes everything. */
async function openReceiver(): Promise<{ readonly url: string; readonly server: Server }> {
  const server = createServer((request, response) => {
    request.on('data', () => undefined)
    request.on('end', () => response.end())
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  // A TCP server's address is an AddressInfo; only pipes have a string.
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

async function drain(store: Store, url: string): Promise<number> {
  const sender = createSender({
    store,
    openSinkFor: () => openDatakitSink(url),
    connectorIds: async () => ['default'],
  })
  const startedMs = performance.now()
  const left = await sender.drain({ deadlineMs: Date.now() + DRAIN_MS, signal: new AbortController().signal })
  const tookMs = performance.now() - startedMs
  await sender.stop()
  if (left.waitingBatches > 0) throw new Error(`${left.waitingBatches} batches were left`)
  return tookMs
}

async function measureSender(store: Store, lease: Lease): Promise<number> {
  const points = makePollPoints(BATCH_POINTS)
  const batches = encodeBatches(points, { maxPoints: BATCH_POINTS, maxRawBytes: 64 * 1024 ** 2 })
  const { server, url } = await openReceiver()
  try {
    // What the commits left is not measured.
    await drain(store, url)
    for (let round = 0; round < BATCHES; round += 1) await commit(store, lease, { batches, round })
    return (BATCHES * BATCH_POINTS) / ((await drain(store, url)) / 1000)
  } finally {
    server.closeAllConnections()
    await new Promise<void>((resolve) => void server.close(() => resolve()))
  }
}

/** Commits with the disk waited for, and delivery of full batches to a sink that takes them at once. */
export async function measureOutbox(folder: string): Promise<OutboxFigures> {
  const store = await openSqliteStore(join(folder, 'bench.db'))
  try {
    const lease = await leaseTask(store)
    const commitMs = await measureCommits(store, lease)
    return {
      commitMs,
      commitRowsPerSecond: (ROWS_PER_COMMIT * 1000) / commitMs,
      senderPointsPerSecond: await measureSender(store, lease),
    }
  } finally {
    await store.close()
  }
}
