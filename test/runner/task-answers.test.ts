import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { checkHost } from '../../runner/check/host-check.ts'
import { homePaths } from '../../runner/home.ts'
import type { HostParts } from '../../runner/host-parts.ts'
import { openSqliteStore } from '../../runner/store/sqlite/open.ts'
import type { Lease, Store } from '../../runner/store/store.ts'
import { answerRequest } from '../../runner/task-answers.ts'
import type { ReplyValue } from '../../runner/task/ipc.ts'
import { TaskUsage } from '../../runner/task-usage.ts'
import { CONNECTOR, makeBatch, SCRIPT, StoreFixture } from '../contract/store-fixture.ts'

const END = {
  status: 'success',
  endTimeMs: 0,
  exceptionType: null,
  exceptionText: null,
  problems: [],
  usage: [],
  uncounted: [],
  predicted: [],
  resources: null,
  returnValue: null,
} as const

async function openStore(): Promise<StoreFixture> {
  const folder = mkdtempSync(join(tmpdir(), 'dff-answers-'))
  const limits = { maxOutboxBytes: 100, maxStateBytes: 100 }
  const store = await openSqliteStore(join(folder, 'host.db'), limits)
  onTestFinished(async () => {
    await store.close()
    rmSync(folder, { recursive: true, force: true })
  })
  return new StoreFixture(store)
}

/** What a request is answered from; without a lease, a command's that only looks on. */
function contextOf(fixture: StoreFixture, lease: Lease | null) {
  return {
    store: fixture.store,
    scriptId: SCRIPT,
    connectorId: () => CONNECTOR,
    lease,
    usage: new TaskUsage(),
    credentials: () => Promise.reject(new TypeError('not asked for')),
    onCommitted: () => undefined,
  }
}

/** Asks for a commit as a task does. */
async function commit(
  fixture: StoreFixture,
  text: string,
  state: Record<string, string> = {},
): Promise<void> {
  const lease = await fixture.runTask(`task ${text}`)
  const context = contextOf(fixture, lease)
  try {
    await answerRequest(context, { kind: 'commit', batches: text === '' ? [] : [makeBatch(text)], state })
  } finally {
    await fixture.store.queue.finish(lease, END)
  }
}

/** Answers loads as a task's, or as those of a command that only looks on. */
async function load(fixture: StoreFixture, key: string, isTask: boolean): Promise<ReplyValue> {
  const lease = isTask ? await fixture.runTask(`task ${key}`) : null
  return answerRequest(contextOf(fixture, lease), { kind: 'load', key })
}

async function checkOutbox(store: Store): Promise<object | undefined> {
  const paths = homePaths(tmpdir())
  const parts = { store, paths } as HostParts // what these checks use of it
  return (await checkHost(parts)).find((check) => check.id === 'host.outbox')
}

describe('a full outbox', () => {
  it('is told apart by what waits and what is dead, each with what helps', async () => {
    const fixture = await openStore()
    await commit(fixture, 'x'.repeat(60))
    await fixture.store.outbox.bury(await fixture.nextId(), '400')
    await expect(commit(fixture, 'y'.repeat(50))).rejects.toMatchObject({
      code: 'OUTBOX_FULL',
      parts: {
        got: '0 bytes that wait for delivery and 60 bytes of dead batches',
        remedy: expect.not.stringContaining('connector test') as string,
      },
    })
    await commit(fixture, 'z'.repeat(30))
    await expect(commit(fixture, 'y'.repeat(51))).rejects.toThrow(
      /30 bytes that wait .* connector test\. .* dff outbox drop\.$/,
    )
  })

  it('is announced by doctor before it is full', async () => {
    const fixture = await openStore()
    await commit(fixture, 'x'.repeat(70))
    expect(await checkOutbox(fixture.store)).toMatchObject({ status: 'ok' })
    await commit(fixture, 'y'.repeat(15))
    expect(await checkOutbox(fixture.store)).toMatchObject({
      status: 'warning',
      remedy: expect.stringContaining('dff status') as string,
    })
    await fixture.store.outbox.bury(await fixture.nextId(), '400')
    expect(await checkOutbox(fixture.store)).toMatchObject({
      status: 'warning',
      remedy: expect.stringContaining('dff outbox drop') as string,
    })
  })
})

describe('state', () => {
  it('beyond what a script may keep is refused by name', async () => {
    const fixture = await openStore()
    await expect(commit(fixture, '', { a: 'x'.repeat(100) })).rejects.toMatchObject({
      code: 'STATE_FULL',
      message: expect.stringMatching(
        /^state: expected at most 100 bytes .* got 102 bytes\. Nothing of this slice was written\./,
      ) as string,
    })
  })
})

describe('what a task used', () => {
  const CALL = { api: 'cloudwatch:GetMetricData', requests: 1, billedMetrics: 500 }
  const billed = async ({ usage }: Store): Promise<number> =>
    (await usage.sum(0, Number.MAX_SAFE_INTEGER)).reduce((sum, row) => sum + row.billedMetrics, 0)

  it('is counted with its commit, so that a host that is killed forgets only what came after', async () => {
    const fixture = await openStore()
    const usage = new TaskUsage()
    const lease = await fixture.runTask('never ends')
    const context = {
      store: fixture.store,
      scriptId: SCRIPT,
      connectorId: () => CONNECTOR,
      lease,
      usage,
      credentials: () => Promise.reject(new TypeError('not asked for')),
      onCommitted: () => undefined,
    }
    const ask = async (text: string): Promise<unknown> =>
      answerRequest(context, { kind: 'commit', batches: [makeBatch(text)], state: {} })
    usage.meter(CALL)
    await ask('x')
    expect(await billed(fixture.store)).toBe(500)
    usage.meter(CALL)
    await expect(ask('y'.repeat(100))).rejects.toMatchObject({ code: 'OUTBOX_FULL' })
    expect(await billed(fixture.store)).toBe(500)
    // Refused, not forgotten: the next commit counts it.
    usage.meter(CALL)
    await ask('z')
    expect(await billed(fixture.store)).toBe(1_500)
    expect(usage.takeUncounted()).toEqual([])
  })
})

describe('state that was written long ago', () => {
  it('is kept for the task that reads it, and not for who only looks on', async () => {
    const fixture = await openStore()
    const lease = await fixture.runTask('writer')
    const keepMs = 90 * 86_400_000
    const writtenMs = Date.now() - keepMs - 1_000
    await fixture.commit(lease, { nowMs: writtenMs, state: { used: 1, looked: 1 } })
    await fixture.commit(lease, { nowMs: Date.now(), state: { other: 1 } })
    await fixture.store.queue.finish(lease, END)
    expect(await load(fixture, 'used', true)).toBe(1)
    expect(await load(fixture, 'looked', false)).toBe(1)
    expect(await fixture.store.state.prune(keepMs, Date.now())).toBe(1)
    expect(await load(fixture, 'used', false)).toBe(1)
    expect(await load(fixture, 'looked', false)).toBeUndefined()
  })
})
