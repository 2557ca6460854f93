import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Commit, EncodedBatch, Lease, NewTask, Store, TaskEnd } from '../../runner/store/store.ts'

const T0 = 1_795_000_000_000
const LEASE_MS = 30_000
const CONNECTOR = 'default'
const SCRIPT = 'startup__guance_aws_lambda'
const FUNC = `${SCRIPT}.run`

const TRIGGER = {
  triggerId: 'cron-1',
  funcId: FUNC,
  title: 'AWS-Lambda Collection',
  fixedCronExpr: '*/5 * * * *',
  timezone: 'UTC',
}

const SUCCESS: TaskEnd = {
  status: 'success',
  endTimeMs: T0 + 9_000,
  exceptionType: null,
  exceptionText: null,
  problems: [{ code: 'region-denied', severity: 'warning', scope: '1/cn-north-1', message: 'denied 中文' }],
  usage: [{ api: 'GetMetricData', requests: 3, billedMetrics: 40 }],
  returnValue: { points: 7 },
}

function makeTask(id: string, changes: Partial<NewTask> = {}): NewTask {
  return {
    id,
    funcId: FUNC,
    triggerId: null,
    origin: 'direct',
    tickMs: null,
    triggerTimeMs: T0,
    expiresAtMs: T0 + 900_000,
    isDebug: false,
    connector: CONNECTOR,
    endpointUrl: null,
    ...changes,
  }
}

function makeBatch(text: string, changes: Partial<EncodedBatch> = {}): EncodedBatch {
  const body = new TextEncoder().encode(text)
  const contents = [{ measurement: 'aws_AWS/Lambda', key: 'Errors_Sum', points: 2, lastPointMs: T0 }]
  return { category: 'metric', points: 2, rawBytes: body.byteLength * 3, body, contents, ...changes }
}

/**
 * The store contract in executable form. A store is one when this passes.
 * `openStore` gives an empty store with the outbox bound asked for.
 */
export function describeStore(
  name: string,
  openStore: (options: { readonly maxOutboxBytes: number }) => Promise<Store>,
): void {
  describe(`${name} keeps the store contract`, () => {
    let store: Store
    beforeEach(async () => {
      store = await openStore({ maxOutboxBytes: 100 })
    })
    afterEach(() => store.close())

    async function runTask(id: string, changes: Partial<NewTask> = {}): Promise<Lease> {
      await store.queue.enqueueOnce(makeTask(id, changes))
      const claim = await store.queue.claim(id, T0, LEASE_MS)
      if (claim.kind !== 'claimed') throw new Error(`the task is ${claim.kind}`)
      return { taskId: id, fence: claim.fence }
    }

    async function commit(lease: Lease, changes: Partial<Commit>): Promise<string> {
      const base = { lease, nowMs: T0, scriptId: SCRIPT, connectorId: CONNECTOR, batches: [], state: {} }
      return (await store.commit({ ...base, ...changes })).kind
    }

    async function commitBatches(...texts: string[]): Promise<void> {
      const lease = await runTask(`task-${texts.join()}`)
      expect(await commit(lease, { batches: texts.map((text) => makeBatch(text)) })).toBe('committed')
      await store.queue.finish(lease, SUCCESS)
    }

    async function nextText(nowMs = T0): Promise<string | undefined> {
      const batch = await store.outbox.next(CONNECTOR, nowMs)
      return batch === undefined ? undefined : new TextDecoder().decode(batch.body)
    }

    async function nextId(): Promise<number> {
      const batch = await store.outbox.next(CONNECTOR, T0)
      if (batch === undefined) throw new Error('nothing waits')
      return batch.batchId
    }

    describe('sets, scripts and connectors', () => {
      const set = {
        setId: 'guance_integration',
        version: '1.0.0',
        digest: 'abc',
        manifest: { id: 'guance_integration' } as never,
        form: null,
        parameters: { regions: ['us-east-1'], account_name: `O'Brien, "中文" 𝒳` },
        installedAtMs: T0,
      }

      it('gives back what was put and replaces it as a whole', async () => {
        await store.sets.put(set)
        await store.sets.put({ ...set, version: '1.1.0', form: { type: 'object' } })
        expect(await store.sets.get(set.setId)).toEqual({ ...set, version: '1.1.0', form: { type: 'object' } })
        expect(await store.sets.list()).toHaveLength(1)
        expect(await store.sets.get('nothing')).toBeUndefined()
      })

      it('keeps Startup scripts with their API functions', async () => {
        const script = { scriptId: SCRIPT, setId: 'guance_aws_lambda', digest: 'd', functions: [], deployedAtMs: T0 }
        await store.scripts.put(script)
        expect(await store.scripts.get(SCRIPT)).toEqual(script)
        expect(await store.scripts.list()).toEqual([script])
      })

      it('keeps connectors by id', async () => {
        await store.connectors.put('b', { type: 'file' })
        await store.connectors.put('a', { type: 'datakit', url: 'http://127.0.0.1:9529' })
        await store.connectors.put('b', { type: 'datakit', url: 'http://10.0.0.1:9529' })
        expect((await store.connectors.list()).map((row) => row.id)).toEqual(['a', 'b'])
        expect(await store.connectors.get('b')).toEqual({ type: 'datakit', url: 'http://10.0.0.1:9529' })
        expect(await store.connectors.get('c')).toBeUndefined()
      })
    })

    describe('secrets', () => {
      it('keeps the grants when a value is replaced', async () => {
        await store.secrets.put('ak', Uint8Array.of(1, 2), T0)
        await store.secrets.grant('ak', SCRIPT)
        await store.secrets.grant('ak', SCRIPT)
        await store.secrets.put('ak', Uint8Array.of(3), T0 + 1)
        const [secret] = await store.secrets.list()
        expect(secret).toMatchObject({ name: 'ak', updatedAtMs: T0 + 1, grantedTo: [SCRIPT] })
        expect([...(secret?.sealed ?? [])]).toEqual([3])
      })

      it('refuses to grant what is not stored', async () => {
        await expect(store.secrets.grant('nothing', SCRIPT)).rejects.toMatchObject({ code: 'NO_SECRET' })
      })

      it('forgets the grants with the secret', async () => {
        await store.secrets.put('ak', Uint8Array.of(1), T0)
        await store.secrets.grant('ak', SCRIPT)
        expect(await store.secrets.remove('ak')).toBe(true)
        expect(await store.secrets.remove('ak')).toBe(false)
        await store.secrets.put('ak', Uint8Array.of(1), T0)
        expect((await store.secrets.get('ak'))?.grantedTo).toEqual([])
      })
    })

    describe('triggers', () => {
      it('keeps what the user set and the last tick when a script is deployed again', async () => {
        await store.triggers.upsert(TRIGGER)
        await store.triggers.setEnabled('cron-1', false)
        await store.triggers.setOverride('cron-1', '0 * * * *', 'Asia/Shanghai')
        await store.queue.enqueueOnce(makeTask('t', { triggerId: 'cron-1', tickMs: T0 }))
        await store.triggers.upsert({ ...TRIGGER, title: 'new', fixedCronExpr: '* * * * *' })
        expect(await store.triggers.get('cron-1')).toEqual({
          ...TRIGGER,
          title: 'new',
          fixedCronExpr: '* * * * *',
          cronOverride: '0 * * * *',
          timezone: 'Asia/Shanghai',
          isEnabled: false,
          lastTickMs: T0,
        })
      })

      it('is enabled when new, goes back to the script’s own schedule, and can be removed', async () => {
        await store.triggers.upsert(TRIGGER)
        await store.triggers.setOverride('cron-1', '0 * * * *', 'Asia/Shanghai')
        await store.triggers.setOverride('cron-1', null, null)
        const trigger = await store.triggers.get('cron-1')
        expect(trigger).toMatchObject({ isEnabled: true, cronOverride: null, timezone: 'UTC', lastTickMs: null })
        await store.triggers.remove('cron-1')
        expect(await store.triggers.list()).toEqual([])
      })
    })

    describe('queue', () => {
      const tick = (id: string, tickMs: number): NewTask => makeTask(id, { triggerId: 'cron-1', tickMs })

      it('creates a tick once, whoever asks', async () => {
        expect(await store.queue.enqueueOnce(tick('a', T0))).toBe(true)
        expect(await store.queue.enqueueOnce(tick('b', T0))).toBe(false)
        expect(await store.queue.enqueueOnce(tick('c', T0 + 1))).toBe(true)
        expect(await store.queue.enqueueOnce({ ...tick('d', T0), triggerId: 'cron-2' })).toBe(true)
        expect((await store.queue.waiting()).map((task) => task.taskId)).toEqual(['a', 'c', 'd'])
      })

      it('creates as many direct tasks as are asked for', async () => {
        expect(await store.queue.enqueueOnce(makeTask('a'))).toBe(true)
        expect(await store.queue.enqueueOnce(makeTask('b'))).toBe(true)
      })

      it('moves the last tick forward and never back', async () => {
        await store.triggers.upsert(TRIGGER)
        await store.queue.enqueueOnce(tick('a', T0 + 5))
        await store.queue.enqueueOnce(tick('b', T0))
        await store.queue.enqueueOnce(tick('c', T0 + 5))
        expect((await store.triggers.get('cron-1'))?.lastTickMs).toBe(T0 + 5)
      })

      it('lets one task of a function run and names it to the next', async () => {
        await store.queue.enqueueOnce(makeTask('a'))
        await store.queue.enqueueOnce(makeTask('b'))
        await store.queue.enqueueOnce(makeTask('other', { funcId: 'startup__x.run' }))
        expect(await store.queue.claim('a', T0, LEASE_MS)).toEqual({ kind: 'claimed', fence: 1 })
        expect(await store.queue.claim('b', T0 + 1, LEASE_MS)).toEqual({ kind: 'busy', holderTaskId: 'a' })
        expect(await store.queue.claim('other', T0 + 1, LEASE_MS)).toEqual({ kind: 'claimed', fence: 1 })
        expect(await store.queue.claim('a', T0 + 1, LEASE_MS)).toEqual({ kind: 'gone', status: 'pending' })
        expect((await store.records.get('a'))?.startTimeMs).toBe(T0)
      })

      it('gives a higher fence each time the function is claimed', async () => {
        const fences: number[] = []
        for (const id of ['a', 'b', 'c']) {
          const lease = await runTask(id)
          fences.push(lease.fence)
          expect(await store.queue.finish(lease, SUCCESS)).toBe(true)
        }
        await store.records.prune(0, T0)
        fences.push((await runTask('d')).fence)
        expect(fences).toEqual([1, 2, 3, 4])
      })

      it('turns a task that waited too long into expire', async () => {
        await store.queue.enqueueOnce(makeTask('a', { expiresAtMs: T0 + 10 }))
        expect(await store.queue.claim('a', T0 + 11, LEASE_MS)).toEqual({ kind: 'gone', status: 'expire' })
        expect(await store.records.get('a')).toMatchObject({
          status: 'expire',
          exceptionType: 'TaskExpired',
          endTimeMs: T0 + 11,
        })
        expect(await store.queue.claim('nobody', T0, LEASE_MS)).toMatchObject({ kind: 'gone' })
      })

      it('gives the function to the next task when a lease ran out, and closes the lost one', async () => {
        const lost = await runTask('a')
        await store.queue.enqueueOnce(makeTask('b'))
        expect(await store.queue.claim('b', T0 + LEASE_MS, LEASE_MS)).toEqual({ kind: 'claimed', fence: 2 })
        expect(await store.records.get('a')).toMatchObject({ status: 'failure', exceptionType: 'LeaseLost' })
        expect(await store.queue.heartbeat(lost, T0 + 2 * LEASE_MS)).toBe(false)
        expect(await store.queue.finish(lost, SUCCESS)).toBe(false)
        expect(await commit(lost, { state: { cursor: 1 } })).toBe('lease-lost')
        expect((await store.records.get('b'))?.status).toBe('pending')
        expect(await store.state.keys(SCRIPT)).toEqual([])
      })

      it('keeps a lease alive by heartbeats', async () => {
        const lease = await runTask('a')
        await store.queue.enqueueOnce(makeTask('b'))
        expect(await store.queue.heartbeat(lease, T0 + 5 * LEASE_MS)).toBe(true)
        expect((await store.queue.claim('b', T0 + 4 * LEASE_MS, LEASE_MS)).kind).toBe('busy')
      })

      it('lists orphans with their children until they are finished', async () => {
        const lease = await runTask('a')
        await runTask('b', { funcId: 'startup__x.run' })
        await store.queue.recordChild(lease, 4711, '99887766')
        expect(await store.queue.orphans()).toEqual([
          { taskId: 'a', fence: 1, pid: 4711, startTicks: '99887766' },
          { taskId: 'b', fence: 1, pid: null, startTicks: null },
        ])
        expect(await store.queue.finish(lease, { ...SUCCESS, status: 'failure' })).toBe(true)
        expect((await store.queue.orphans()).map((orphan) => orphan.taskId)).toEqual(['b'])
      })

      it('closes a task that never ran, and no other', async () => {
        const lease = await runTask('a')
        await store.queue.enqueueOnce(makeTask('b'))
        await store.queue.close('b', 'skip', 'a is still running', T0 + 3)
        await store.queue.close('a', 'skip', 'wrong', T0 + 3)
        expect(await store.records.get('b')).toMatchObject({
          status: 'skip',
          exceptionType: 'PreviousTaskNotFinished',
          exceptionText: 'a is still running',
          endTimeMs: T0 + 3,
        })
        expect((await store.records.get('a'))?.status).toBe('pending')
        expect(await store.queue.finish(lease, SUCCESS)).toBe(true)
      })
    })

    describe('records and logs', () => {
      it('gives the whole record back', async () => {
        const lease = await runTask('a', { isDebug: true, endpointUrl: 'http://127.0.0.1:1', triggerTimeMs: T0 - 5 })
        await commit(lease, { batches: [makeBatch('x'), makeBatch('y')] })
        await commit(lease, { batches: [makeBatch('z', { category: 'custom_object', points: 1 })] })
        await store.queue.finish(lease, SUCCESS)
        expect(await store.records.get('a')).toEqual({
          id: 'a',
          funcId: FUNC,
          triggerId: null,
          origin: 'direct',
          status: 'success',
          triggerTimeMs: T0 - 5,
          startTimeMs: T0,
          endTimeMs: SUCCESS.endTimeMs,
          isDebug: true,
          exceptionType: null,
          exceptionText: null,
          problems: SUCCESS.problems,
          points: { metric: 4, custom_object: 1 },
          usage: SUCCESS.usage,
          connector: CONNECTOR,
          endpointUrl: 'http://127.0.0.1:1',
          returnValue: { points: 7 },
        })
      })

      it('lists the newest first, by function and status', async () => {
        for (const id of ['a', 'b']) await store.queue.finish(await runTask(id), SUCCESS)
        await store.queue.enqueueOnce(makeTask('c'))
        await store.queue.enqueueOnce(makeTask('d', { funcId: 'startup__x.run' }))
        const list = async (filter: object): Promise<string[]> =>
          (await store.records.list({ limit: 10, funcId: null, status: null, ...filter })).map((row) => row.id)
        expect(await list({})).toEqual(['d', 'c', 'b', 'a'])
        expect(await list({ limit: 2 })).toEqual(['d', 'c'])
        expect(await list({ funcId: FUNC, status: 'success' })).toEqual(['b', 'a'])
      })

      it('reads a log in order, from where the reader stands', async () => {
        await store.queue.enqueueOnce(makeTask('a'))
        const line = (sequence: number): { taskId: string; sequence: number; timeMs: number; text: string } => ({
          taskId: 'a',
          sequence,
          timeMs: T0 + sequence,
          text: `line ${sequence}\n`,
        })
        await store.records.appendLog([line(1), line(2)])
        await store.records.appendLog([line(3), { ...line(1), taskId: 'gone' }])
        await store.records.appendLog([])
        expect(await store.records.readLog('a', 1)).toEqual([line(2), line(3)])
        expect(await store.records.readLog('gone', 0)).toEqual([])
      })

      it('appends all lines of a call or none', async () => {
        await store.queue.enqueueOnce(makeTask('a'))
        const line = { taskId: 'a', sequence: 1, timeMs: T0, text: 'x' }
        await expect(store.records.appendLog([line, line])).rejects.toThrow(/./)
        expect(await store.records.readLog('a', 0)).toEqual([])
      })

      it('prunes by count and age, with the logs, but never what is not over', async () => {
        for (const id of ['a', 'b', 'c']) await store.queue.finish(await runTask(id), SUCCESS)
        await store.queue.finish(await runTask('x', { funcId: 'startup__x.run' }), { ...SUCCESS, endTimeMs: T0 - 1 })
        await store.records.appendLog([{ taskId: 'a', sequence: 1, timeMs: T0, text: 'x' }])
        await runTask('running', { triggerTimeMs: 0 })
        expect(await store.records.prune(2, T0)).toBe(2)
        const left = await store.records.list({ limit: 10, funcId: null, status: null })
        expect(left.map((row) => row.id)).toEqual(['running', 'c', 'b'])
        expect(await store.records.readLog('a', 0)).toEqual([])
      })
    })

    describe('commit', () => {
      it('writes points and state together', async () => {
        const lease = await runTask('a')
        expect(await commit(lease, { batches: [makeBatch('x')], state: { cursor: { at: T0 }, old: 1 } })).toBe(
          'committed',
        )
        expect(await commit(lease, { state: { old: null, none: null } })).toBe('committed')
        expect(await store.state.load(SCRIPT, 'cursor')).toEqual({ at: T0 })
        expect(await store.state.keys(SCRIPT)).toEqual(['cursor'])
        expect(await store.state.load('startup__other', 'cursor')).toBeUndefined()
        expect(await nextText()).toBe('x')
      })

      it('writes nothing for a lease that is not held', async () => {
        const lease = await runTask('a')
        const wrong = [{ ...lease, fence: 2 }, { ...lease, taskId: 'b' }]
        for (const other of wrong) {
          expect(await commit(other, { batches: [makeBatch('x')], state: { cursor: 1 } })).toBe('lease-lost')
        }
        await store.queue.finish(lease, SUCCESS)
        expect(await commit(lease, { state: { cursor: 1 } })).toBe('lease-lost')
        expect(await store.state.keys(SCRIPT)).toEqual([])
        expect(await store.outbox.backlog()).toMatchObject({ waitingBatches: 0 })
      })

      it('refuses batches over the outbox bound with nothing written, and takes them when there is room', async () => {
        const lease = await runTask('a')
        expect(await commit(lease, { batches: [makeBatch('x'.repeat(60))] })).toBe('committed')
        const slice = { batches: [makeBatch('y'.repeat(41))], state: { cursor: 2 } }
        const refused = await store.commit({
          lease,
          nowMs: T0,
          scriptId: SCRIPT,
          connectorId: CONNECTOR,
          ...slice,
        })
        expect(refused).toEqual({ kind: 'outbox-full', waitingBytes: 60 })
        expect(await store.state.keys(SCRIPT)).toEqual([])
        expect(await commit(lease, { state: { note: 1 } })).toBe('committed')
        await store.outbox.acknowledge(await nextId(), T0)
        expect(await commit(lease, slice)).toBe('committed')
      })
    })

    describe('outbox', () => {
      it('offers the oldest batch of a connector, with all that was stored', async () => {
        await commitBatches('a', 'b')
        expect(await store.outbox.next(CONNECTOR, T0)).toMatchObject({
          connectorId: CONNECTOR,
          scriptId: SCRIPT,
          taskId: 'task-a,b',
          attempts: 0,
          createdAtMs: T0,
          category: 'metric',
          points: 2,
          rawBytes: 3,
          contents: makeBatch('').contents,
        })
        expect(await nextText()).toBe('a')
        expect(await store.outbox.next('other', T0)).toBeUndefined()
        expect(await store.outbox.nextDueMs('other')).toBeUndefined()
      })

      it('holds everything back until the oldest is due, so that nothing overtakes', async () => {
        await commitBatches('a', 'b')
        await store.outbox.retryAt(await nextId(), T0 + 100, '503 later')
        expect(await nextText(T0 + 99)).toBeUndefined()
        expect(await store.outbox.nextDueMs(CONNECTOR)).toBe(T0 + 100)
        expect(await nextText(T0 + 100)).toBe('a')
        const [row] = await store.outbox.list('waiting', 1)
        expect(row).toMatchObject({ attempts: 1, nextAttemptMs: T0 + 100, reason: '503 later', state: 'waiting' })
      })

      it('acknowledges into receipts that add up', async () => {
        await commitBatches('a', 'b')
        await store.outbox.acknowledge(await nextId(), T0 + 1)
        const second = await nextId()
        await store.outbox.acknowledge(second, T0 + 2)
        await store.outbox.acknowledge(second, T0 + 3)
        expect(await store.outbox.receipts(SCRIPT)).toEqual([
          {
            scriptId: SCRIPT,
            category: 'metric',
            measurement: 'aws_AWS/Lambda',
            key: 'Errors_Sum',
            points: 4,
            lastPointMs: T0,
            lastAcknowledgedMs: T0 + 2,
          },
        ])
        expect(await store.outbox.acknowledged()).toEqual({ points: 4, lastMs: T0 + 2 })
        expect(await store.outbox.receipts('startup__other')).toEqual([])
        expect(await store.outbox.backlog()).toMatchObject({ waitingBatches: 0, oldestWaitingMs: null })
      })

      it('keeps the place of a batch that is split, however often', async () => {
        await commitBatches('a', 'b')
        await store.outbox.split(await nextId(), [makeBatch('a1'), makeBatch('a2')])
        await store.outbox.split(await nextId(), [makeBatch('a11'), makeBatch('a12')])
        await commitBatches('c')
        const seen: (string | undefined)[] = []
        for (let index = 0; index < 5; index += 1) {
          seen.push(await nextText())
          await store.outbox.acknowledge(await nextId(), T0)
        }
        expect(seen).toEqual(['a11', 'a12', 'a2', 'b', 'c'])
      })

      it('counts the pieces of a split, and not the whole, against the bound', async () => {
        await commitBatches('a'.repeat(80))
        await store.outbox.split(await nextId(), [makeBatch('a'.repeat(10)), makeBatch('a'.repeat(10))])
        await commitBatches('b'.repeat(80))
        const lease = await runTask('full')
        expect(await commit(lease, { batches: [makeBatch('c')] })).toBe('outbox-full')
      })

      it('buries a batch with its reason, goes on with the next, and revives it in its old place', async () => {
        await commitBatches('a', 'b')
        await store.outbox.bury(await nextId(), '400 invalid line')
        expect(await nextText()).toBe('b')
        expect(await store.outbox.list('dead', 10)).toMatchObject([{ state: 'dead', reason: '400 invalid line' }])
        expect(await store.outbox.backlog()).toEqual({
          waitingBatches: 1,
          waitingPoints: 2,
          deadBatches: 1,
          deadPoints: 2,
          oldestWaitingMs: T0,
        })
        expect(await store.outbox.revive(null)).toBe(1)
        expect(await nextText()).toBe('a')
        expect((await store.outbox.list(null, 1))[0]).toMatchObject({ attempts: 0, reason: null })
      })

      it('revives one batch alone, and makes a waiting one due', async () => {
        await commitBatches('a', 'b')
        const first = await nextId()
        await store.outbox.bury(first, 'x')
        await store.outbox.bury(await nextId(), 'x')
        expect(await store.outbox.revive(first)).toBe(1)
        await store.outbox.retryAt(first, T0 + 100, 'x')
        expect(await store.outbox.revive(first)).toBe(1)
        expect(await nextText()).toBe('a')
        expect(await store.outbox.revive(first)).toBe(0)
        expect((await store.outbox.backlog()).deadBatches).toBe(1)
      })

      it('drops a batch and frees its room', async () => {
        await commitBatches('a'.repeat(90))
        const id = await nextId()
        await store.outbox.bury(id, 'x')
        expect(await store.outbox.drop(id)).toBe(1)
        expect(await store.outbox.drop(id)).toBe(0)
        await commitBatches('b'.repeat(90))
      })
    })
  })
}
