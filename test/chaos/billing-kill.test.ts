import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, inject, it } from 'vitest'
import { alignDown, DAY_MS, HOUR_MS } from '../../core/time.ts'
import { createRandom } from '../../simulator/truth/random.ts'
import { openSimulatedHome, type SimulatedHome } from '../../tools/simulated-home.ts'
import { HostProcess } from './host-process.ts'

const SET = 'guance_aws_billing'
const DAYS = inject('length') === 'long' ? 60 : 6
const BUDGET = 20
const LAST_WORDS = /^Task \S+ of \S+: (?!started$)/
/** A task of this set begins and ends within it, most times. */
const SPAN_MS = 900

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
  readonly kills = { host: 0, child: 0 }
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

  /** Presses Execute as of a time, and kills host or task somewhere in it when asked to. */
  async tick(atMs: number, killAfterMs?: number): Promise<void> {
    await this.home.control('clock', { nowMs: atMs })
    const before = this.#host.notes.length
    const answered = this.#host.call('exec', { target: SET, atMs, debug: false })
    answered.catch(() => undefined)
    const ended = this.#host.untilNote(LAST_WORDS, before)
    ended.catch(() => undefined)
    if (killAfterMs === undefined) {
      await ended
      return
    }
    await wait(killAfterMs)
    const [child] = this.#host.children()
    if (child !== undefined && killAfterMs % 2 === 0) {
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
      await host.tick(dayMs + 9 * HOUR_MS, Math.floor(200 + random() * SPAN_MS))
      await host.tick(dayMs + 9.5 * HOUR_MS, Math.floor(200 + random() * SPAN_MS))
      // Nobody disturbs it: what is still owed is read.
      await host.tick(dayMs + 10 * HOUR_MS)
    }
    await host.drain()
    const { byDay, repeated } = await host.home.control<Paid>('billing/paid')
    console.log(`requests paid for a day: ${JSON.stringify({ byDay, repeated, ...host.kills })}`)
    expect(Math.max(...Object.values(byDay))).toBeLessThanOrEqual(BUDGET)
    expect(repeated).toBeLessThanOrEqual(host.kills.host + host.kills.child)
    expect(Math.min(host.kills.host, host.kills.child)).toBeGreaterThan(0)
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
