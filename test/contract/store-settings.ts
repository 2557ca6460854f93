import { describe, expect, it } from 'vitest'
import { SCRIPT, T0, TRIGGER, makeTask, type StoreFixture } from './store-fixture.ts'

/** What install, deploy and the user set: sets, scripts, connectors, secrets, triggers. */
export function describeSettings(fixture: () => StoreFixture): void {
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
      await fixture().store.sets.put([set], [])
      await fixture().store.sets.put([{ ...set, version: '1.1.0', form: { type: 'object' } }], [])
      expect(await fixture().store.sets.get(set.setId)).toEqual({
        ...set,
        version: '1.1.0',
        form: { type: 'object' },
      })
      expect(await fixture().store.sets.list()).toHaveLength(1)
      expect(await fixture().store.sets.get('nothing')).toBeUndefined()
    })

    it('puts sets and the secrets of their form together, or nothing of them', async () => {
      const other = { ...set, setId: 'guance_aws_lambda' }
      const secret = { name: 'ak', sealed: Uint8Array.of(1), grantTo: SCRIPT }
      const broken = { ...secret, name: 'token', sealed: 'no bytes' as never }
      await expect(fixture().store.sets.put([set, other], [secret, broken])).rejects.toThrow(
        'cannot store TEXT value in BLOB column',
      )
      expect(await fixture().store.sets.list()).toEqual([])
      expect(await fixture().store.secrets.list()).toEqual([])
      await fixture().store.sets.put([set, other], [secret])
      expect(await fixture().store.sets.list()).toHaveLength(2)
      expect(await fixture().store.secrets.get('ak')).toMatchObject({ grantedTo: [SCRIPT] })
      await fixture().store.sets.put([], [{ ...secret, sealed: null }])
      expect(await fixture().store.secrets.list()).toEqual([])
    })

    it('keeps Startup scripts with their API functions', async () => {
      const script = {
        scriptId: SCRIPT,
        setId: 'guance_aws_lambda',
        digest: 'd',
        functions: [],
        deployedAtMs: T0,
      }
      await fixture().store.scripts.put(script, [])
      expect(await fixture().store.scripts.get(SCRIPT)).toEqual(script)
      expect(await fixture().store.scripts.list()).toEqual([script])
    })

    it('keeps connectors by id', async () => {
      await fixture().store.connectors.put('b', { type: 'file' })
      await fixture().store.connectors.put('a', { type: 'datakit', url: 'http://127.0.0.1:9529' })
      await fixture().store.connectors.put('b', { type: 'datakit', url: 'http://10.0.0.1:9529' })
      expect((await fixture().store.connectors.list()).map((row) => row.id)).toEqual(['a', 'b'])
      expect(await fixture().store.connectors.get('b')).toEqual({
        type: 'datakit',
        url: 'http://10.0.0.1:9529',
      })
      expect(await fixture().store.connectors.get('c')).toBeUndefined()
    })
  })

  describe('secrets', () => {
    it('keeps the grants when a value is replaced', async () => {
      await fixture().store.secrets.put('ak', Uint8Array.of(1, 2), T0)
      await fixture().store.secrets.grant('ak', SCRIPT)
      await fixture().store.secrets.grant('ak', SCRIPT)
      await fixture().store.secrets.put('ak', Uint8Array.of(3), T0 + 1)
      const [secret] = await fixture().store.secrets.list()
      expect(secret).toMatchObject({ name: 'ak', updatedAtMs: T0 + 1, grantedTo: [SCRIPT] })
      expect([...(secret?.sealed ?? [])]).toEqual([3])
    })

    it('refuses to grant what is not stored', async () => {
      await expect(fixture().store.secrets.grant('nothing', SCRIPT)).rejects.toMatchObject({
        code: 'NO_SECRET',
      })
    })

    it('forgets the grants with the secret', async () => {
      await fixture().store.secrets.put('ak', Uint8Array.of(1), T0)
      await fixture().store.secrets.grant('ak', SCRIPT)
      expect(await fixture().store.secrets.remove('ak')).toBe(true)
      expect(await fixture().store.secrets.remove('ak')).toBe(false)
      await fixture().store.secrets.put('ak', Uint8Array.of(1), T0)
      expect((await fixture().store.secrets.get('ak'))?.grantedTo).toEqual([])
    })
  })

  describe('triggers', () => {
    it('keeps what the user set and the last tick when a script is deployed again', async () => {
      await fixture().declare(TRIGGER)
      await fixture().store.triggers.setEnabled('cron-1', false)
      await fixture().store.triggers.setOverride('cron-1', '0 * * * *', 'Asia/Shanghai')
      await fixture().store.queue.enqueueOnce(makeTask('t', { triggerId: 'cron-1', tickMs: T0 }))
      await fixture().declare({ ...TRIGGER, title: 'new', fixedCronExpr: '* * * * *' })
      expect(await fixture().store.triggers.get('cron-1')).toEqual({
        ...TRIGGER,
        title: 'new',
        fixedCronExpr: '* * * * *',
        cronOverride: '0 * * * *',
        timezone: 'Asia/Shanghai',
        isEnabled: false,
        lastTickMs: T0,
        mark: null,
      })
    })

    it('is enabled when new, and goes back to the script’s own schedule', async () => {
      await fixture().declare(TRIGGER)
      await fixture().store.triggers.setOverride('cron-1', '0 * * * *', 'Asia/Shanghai')
      await fixture().store.triggers.setOverride('cron-1', null, null)
      const trigger = await fixture().store.triggers.get('cron-1')
      expect(trigger).toMatchObject({
        isEnabled: true,
        cronOverride: null,
        timezone: 'UTC',
        lastTickMs: null,
      })
    })

    it('keeps what the scheduler saw of a trigger', async () => {
      await fixture().declare(TRIGGER)
      await fixture().store.triggers.setMark('cron-1', { key: 'runs', sinceMs: T0 })
      await fixture().declare(TRIGGER)
      expect((await fixture().store.triggers.get('cron-1'))?.mark).toEqual({ key: 'runs', sinceMs: T0 })
    })

    it('frees the ticks that lie ahead, and keeps their tasks', async () => {
      const { queue, records, triggers } = fixture().store
      await fixture().declare(TRIGGER, { ...TRIGGER, triggerId: 'cron-2' })
      for (const [id, tickMs] of [
        ['a', T0],
        ['b', T0 + 5],
      ] as const) {
        await queue.enqueueOnce(makeTask(id, { triggerId: 'cron-1', tickMs }))
        await queue.enqueueOnce(makeTask(`${id}-2`, { triggerId: 'cron-2', tickMs }))
      }
      await triggers.rewind('cron-1', T0 + 4)
      expect((await triggers.get('cron-1'))?.lastTickMs).toBe(T0)
      expect((await triggers.get('cron-2'))?.lastTickMs).toBe(T0 + 5)
      expect(await records.get('b')).toMatchObject({ triggerId: 'cron-1' })
      const again = (id: string, tickMs: number): Promise<boolean> =>
        queue.enqueueOnce(makeTask(id, { triggerId: 'cron-1', tickMs }))
      expect(await again('c', T0)).toBe(false)
      expect(await again('d', T0 + 5)).toBe(true)
      await triggers.rewind('cron-1', T0 - 1)
      expect((await triggers.get('cron-1'))?.lastTickMs).toBeNull()
    })

    it('keeps one pause for all, until it is ended or has run out', async () => {
      const { triggers } = fixture().store
      expect(await triggers.pause()).toBeNull()
      await triggers.setPause({ sinceMs: T0, untilMs: null })
      await triggers.expirePause(T0 + 1e9)
      expect(await triggers.pause()).toEqual({ sinceMs: T0, untilMs: null })
      await triggers.setPause({ sinceMs: T0 + 1, untilMs: T0 + 9 })
      await triggers.expirePause(T0 + 8)
      expect(await triggers.pause()).toEqual({ sinceMs: T0 + 1, untilMs: T0 + 9 })
      await triggers.expirePause(T0 + 9)
      expect(await triggers.pause()).toBeNull()
      await triggers.setPause({ sinceMs: T0, untilMs: null })
      await triggers.setPause(null)
      expect(await triggers.pause()).toBeNull()
    })

    it('hides a trigger that its script no longer declares, and brings it back as the user left it', async () => {
      const other = { ...TRIGGER, triggerId: 'cron-2', funcId: 'startup__guance_aws_lambda_2.run' }
      await fixture().declare(TRIGGER, other)
      await fixture().store.triggers.setEnabled('cron-1', false)
      await fixture().store.triggers.setOverride('cron-1', '0 * * * *', 'Asia/Shanghai')
      const before = await fixture().store.triggers.get('cron-1')
      await fixture().declare()
      expect(await fixture().store.triggers.get('cron-1')).toBeUndefined()
      expect((await fixture().store.triggers.list()).map(({ triggerId }) => triggerId)).toEqual(['cron-2'])
      await fixture().declare(TRIGGER)
      expect(await fixture().store.triggers.get('cron-1')).toEqual(before)
    })
  })
}
