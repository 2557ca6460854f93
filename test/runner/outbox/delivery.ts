import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Point } from '../../../core/point.ts'
import type { Backlog } from '../../../runner/host-api.ts'
import { encodeBatches } from '../../../runner/outbox/encode-batch.ts'
import { createSender, type Sender, type SenderDeps } from '../../../runner/outbox/sender.ts'
import { openDatakitSink } from '../../../runner/sink/datakit.ts'
import { openSqliteStore } from '../../../runner/store/sqlite/open.ts'
import type { Store } from '../../../runner/store/store.ts'
import type { EncodedBatch } from '../../../runner/store/outbox-store.ts'
import { type Answer, type Loopback, openLoopback, type SeenRequest } from '../sink/loopback.ts'

export const SCRIPT = 'startup__guance_aws_lambda'
const LEASE = { taskId: 'task', fence: 1 }
const DEADLINE_MS = 10_000

/** A store with a running task, a sink on loopback, and a sender between them. */
export class Delivery {
  readonly store: Store
  server: Loopback
  sender: Sender
  readonly #folder: string

  private constructor(folder: string, store: Store, server: Loopback) {
    this.#folder = folder
    this.store = store
    this.server = server
    this.sender = this.makeSender()
  }

  static async open(): Promise<Delivery> {
    const folder = mkdtempSync(join(tmpdir(), 'dff-sender-'))
    const store = await openSqliteStore(join(folder, 'host.db'))
    await store.queue.enqueueOnce({
      id: LEASE.taskId,
      funcId: `${SCRIPT}.run`,
      triggerId: null,
      origin: 'direct',
      tickMs: null,
      triggerTimeMs: 0,
      expiresAtMs: 1,
      isDebug: false,
      connector: 'default',
      endpointUrl: null,
    })
    await store.queue.claim(LEASE.taskId, 0, DEADLINE_MS)
    return new Delivery(folder, store, await openLoopback())
  }

  async close(): Promise<void> {
    await this.sender.stop()
    await this.server.close()
    await this.store.close()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  makeSender(changes: Partial<SenderDeps> = {}): Sender {
    return createSender({
      store: this.store,
      openSinkFor: () => openDatakitSink(this.server.url),
      connectorIds: async () => ['default'],
      // A hundredth of the backoff: the order of events is what counts here.
      random: () => 0.01,
      ...changes,
    })
  }

  /** One point per name, a hundred points a batch. */
  async commit(names: readonly string[], connectorId = 'default'): Promise<void> {
    const points = names.map((name): Point => ({
      category: 'metric',
      measurement: 'm',
      tags: { name },
      fields: { f: 1 },
      timeMs: 5,
    }))
    await this.commitBatches(encodeBatches(points, { maxRawBytes: 1e6, maxPoints: 100 }), connectorId)
  }

  async commitBatches(batches: readonly EncodedBatch[], connectorId = 'default'): Promise<void> {
    const slice = { batches, state: {}, usage: [] }
    await this.store.commit({ lease: LEASE, nowMs: 1, scriptId: SCRIPT, connectorId, ...slice })
  }

  /** A batch as a bad disk leaves it. */
  damage(batchId: number): void {
    const database = new DatabaseSync(join(this.#folder, 'host.db'))
    database.prepare('UPDATE batch SET body = zeroblob(length(body)) WHERE batch_id = ?').run(batchId)
    database.close()
  }

  drain(durationMs = DEADLINE_MS): Promise<Backlog> {
    return this.sender.drain({ deadlineMs: Date.now() + durationMs, signal: new AbortController().signal })
  }

  /** Every name of every request, refused ones too. */
  sentNames(): string[] {
    return this.server.seen.flatMap(namesOf)
  }

  acceptedNames(refuse: (request: SeenRequest) => Answer): string[] {
    return this.server.seen.filter((request) => refuse(request).status === 200).flatMap(namesOf)
  }
}

export function namesOf(request: SeenRequest | undefined): string[] {
  return [...(request?.text ?? '').matchAll(/name=(\S+)/g)].map((match) => match[1] ?? '')
}

export function numbered(count: number, prefix = 'fn'): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}${String(index).padStart(4, '0')}`)
}

/** As DataKit does: one bad line and nothing of the body is kept. */
export function refuseBadLines(request: SeenRequest): Answer {
  const bad = namesOf(request).filter((name) => name.startsWith('bad'))
  if (bad.length === 0) return { status: 200 }
  const body = JSON.stringify({ error_code: 'datakit.invalidLinePoint', message: `cannot read ${bad[0]}` })
  return { status: 400, body }
}
