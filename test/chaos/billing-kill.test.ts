import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, inject, it } from 'vitest'
import { alignDown, DAY_MS, HOUR_MS } from '../../core/time.ts'
import { createRandom } from '../../simulator/truth/random.ts'
import { openSimulatedHome, type SimulatedHome } from '../../tools/simulated-home.ts'
import { HostProcess } from './host-process.ts'

const SET = 'guance_aws_billing'
const DAYS = inject('length') === 'long' ? 60 : 4
const BUDGET = 20
const LAST_WORDS = /^Task \S+ of \S+: (?!started$)/
/** How often it is looked whether something was paid for. */
const LOOK_MS = 4

interface Point {
  readonly tags: Readonly<Record<string, string>>
  readonly fields: Readonly<Record<string, number>>
}

interface Paid {
  readonly byDay: Readonly<Record<string, number>>
  readonly repeated: number
}

/** A host that may be killed at any moment, and another one in its place. */
class KilledHost implements AsyncDisposable {
  readonly home: SimulatedHome
  readonly kills = { host: 0, child: 0, whilePaying: 0 }
  #host: HostProcess

  private constructor(home: SimulatedHome, host: HostProcess) {
    this.home = home
    this.#host = host
  }

  static async open(startMs: number): Promise<KilledHost> {
    const now = new Date(startMs).toISOString()
    const home = await openSimulatedHome({
      setId: SET,
      simulatorArgs: ['--functions', '1', '--latency', '30', '--now', now],
      sink: { rewrite: 'unknown', mergesFields: false },
      parameters: { requests_per_day: BUDGET },
    })
    await home.control('billing', { linked: 2, pageRows: 70 })
    await home.reopen()
    return new KilledHost(home, await HostProcess.start(home.root, { endpointUrl: home.simulator.info.url }))
  }

  async paid(): Promise<number> {
    const { byDay } = await this.home.control<Paid>('billing/paid')
    return Object.values(byDay).reduce((sum, count) => sum + count, 0)
  }

  /** Resolves when so many more pages were paid for, or when `ended` does; says which. */
  async #untilPaid(count: number, ended: Promise<unknown>): Promise<boolean> {
    const isOver = ended.then(
      () => true,
      () => true,
    )
    for (;;) {
      if ((await this.paid()) >= count) return true
      if (await Promise.race([isOver, wait(LOOK_MS, false)])) return false
    }
  }

  /** Presses Execute as of a time; when asked to, kills host or task once so many pages of it were paid for. */
  async tick(atMs: number, kill?: { readonly afterPages: number; readonly isChild: boolean }): Promise<void> {
    await this.home.control('clock', { nowMs: atMs })
    const before = this.#host.notes.length
    const paidBefore = await this.paid()
    const answered = this.#host.call('exec', { target: SET, atMs, debug: false })
    answered.catch(() => undefined)
    const ended = this.#host.untilNote(LAST_WORDS, before)
    ended.catch(() => undefined)
    if (kill === undefined) {
      await ended
      return
    }
    if (await this.#untilPaid(paidBefore + kill.afterPages, ended)) this.kills.whilePaying += 1
    const [child] = this.#host.children()
    if (child !== undefined && kill.isChild) {
      process.kill(child, 'SIGKILL')
      await ended
      this.kills.child += 1
      return
    }
    await this.#host.kill()
    this.kills.host += 1
    this.#host = await HostProcess.start(this.home.root, { endpointUrl: this.home.simulator.info.url })
  }

  async drain(): Promise<void> {
    while ((await this.#host.call('status', {})).backlog.waitingBatches > 0) await wait(50)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#host.kill()
    await this.home.close()
  }
}

/** Sums of the newest revisions, by account and day, in units of 10⁻¹⁰. */
function newestSums(points: readonly Point[], fromDay: string): Record<string, number> {
  const newest = new Map<string, Point>()
  for (const point of points) {
    const { billing_id: id = '', billing_date: day = '' } = point.tags
    const held = newest.get(id)
    if (day >= fromDay && Number(point.fields['revision']) > (held?.fields['revision'] ?? 0))
      newest.set(id, point)
  }
  const sums: Record<string, number> = {}
  for (const { tags, fields } of newest.values()) {
    const key = `${tags['account_id']} ${tags['billing_date']}`
    sums[key] = (sums[key] ?? 0) + Math.round(Number(fields['amount']) * 1e10)
  }
  return sums
}

describe('a billing host that is killed again and again while it reads', () => {
  it('pays within its budget, for nothing twice but the one page that a kill lost, and its newest lines are the bill', async () => {
    const startMs = alignDown(Date.now(), DAY_MS) - (DAYS + 5) * DAY_MS
    await using host = await KilledHost.open(startMs)
    const random = createRandom(20_268)
    for (let day = 0; day < DAYS; day += 1) {
      const dayMs = startMs + day * DAY_MS
      for (const hours of [9, 9.5]) {
        const afterPages = 1 + Math.floor(random() * 3)
        await host.tick(dayMs + hours * HOUR_MS, { afterPages, isChild: random() < 0.5 })
      }
      // Nobody disturbs it: what is still owed is read.
      await host.tick(dayMs + 10 * HOUR_MS)
    }
    await host.drain()
    const { byDay, repeated } = await host.home.control<Paid>('billing/paid')
    console.log(`requests paid for a day: ${JSON.stringify({ byDay, repeated, ...host.kills })}`)
    expect(Math.max(...Object.values(byDay))).toBeLessThanOrEqual(BUDGET)
    expect(repeated).toBeLessThanOrEqual(host.kills.host + host.kills.child)
    expect(Math.min(host.kills.host, host.kills.child)).toBeGreaterThan(0)
    // Otherwise no kill fell where it costs money, and the line above would say nothing.
    expect(host.kills.whilePaying).toBeGreaterThan(DAYS / 2)
    const received = 'received?category=logging&measurement=cloud_billing&limit=Infinity'
    const { points } = await host.home.control<{ points: readonly Point[] }>(received)
    const endMs = startMs + (DAYS - 1) * DAY_MS
    const span = { startMs: endMs - 3 * DAY_MS, endMs, now: true }
    const { lines } = await host.home.control<{
      lines: readonly { readonly day: string; readonly accountId: string; readonly amount: string }[]
    }>('billing/truth', span)
    const truth: Record<string, number> = {}
    for (const { accountId, day, amount } of lines) {
      const key = `${accountId} ${day}`
      truth[key] = (truth[key] ?? 0) + Number(amount.replace('.', ''))
    }
    expect(Object.keys(truth)).toHaveLength(9)
    expect(newestSums(points, new Date(span.startMs).toISOString().slice(0, 10))).toEqual(truth)
  })
})
