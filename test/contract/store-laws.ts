import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ClaimResult } from '../../runner/store/store.ts'
import { LEASE_MS, makeTask, SCRIPT, type StoreFixture, SUCCESS, T0 } from './store-fixture.ts'

const EXPIRES_MS = 3 * LEASE_MS
const TASKS = 4

type Step =
  | { readonly kind: 'enqueue' | 'claim' | 'heartbeat' | 'finish' | 'commit' | 'skip'; readonly task: number }
  | { readonly kind: 'wait'; readonly ms: number }

const aTask = fc.nat(TASKS - 1)
const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    ...(['enqueue', 'claim', 'claim', 'heartbeat', 'finish', 'commit', 'skip'] as const).map((kind) =>
      aTask.map((task): Step => ({ kind, task })),
    ),
    fc.constantFrom(1, LEASE_MS - 1, LEASE_MS).map((ms): Step => ({ kind: 'wait', ms })),
  ),
  { maxLength: 30 },
)

/** What a queue for one function should be, in a page: the simplest program that keeps the contract. */
class QueueModel {
  nowMs = T0
  fence = 0
  holder: { readonly task: number; untilMs: number } | undefined
  readonly statuses = new Map<number, string>()
  readonly fences = new Map<number, number>()
  readonly expires = new Map<number, number>()
  commits = 0

  enqueue(task: number): boolean {
    if (this.statuses.has(task)) return false
    this.statuses.set(task, 'waiting')
    this.expires.set(task, this.nowMs + EXPIRES_MS)
    return true
  }

  claim(task: number): ClaimResult['kind'] {
    if (this.statuses.get(task) !== 'waiting') return 'gone'
    if (this.nowMs > (this.expires.get(task) ?? 0)) {
      this.statuses.set(task, 'expire')
      return 'gone'
    }
    if (this.holder !== undefined && this.holder.untilMs > this.nowMs) return 'busy'
    if (this.holder !== undefined) this.statuses.set(this.holder.task, 'failure')
    this.fence += 1
    this.fences.set(task, this.fence)
    this.statuses.set(task, 'pending')
    this.holder = { task, untilMs: this.nowMs + LEASE_MS }
    return 'claimed'
  }

  heartbeat(task: number): boolean {
    if (this.holder?.task !== task) return false
    this.holder.untilMs = this.nowMs + LEASE_MS
    return true
  }

  finish(task: number): boolean {
    if (this.holder?.task !== task) return false
    this.statuses.set(task, 'success')
    this.holder = undefined
    return true
  }

  commit(task: number): 'committed' | 'lease-lost' {
    if (this.holder?.task !== task) return 'lease-lost'
    this.commits += 1
    return 'committed'
  }

  skip(task: number): void {
    if (this.statuses.get(task) === 'waiting') this.statuses.set(task, 'skip')
  }
}

/** One history in a function of its own: what the store answers and shows, and what the model does. */
class History {
  readonly #fixture: StoreFixture
  readonly #name: string
  readonly #model = new QueueModel()

  constructor(fixture: StoreFixture, name: string) {
    this.#fixture = fixture
    this.#name = name
  }

  /** Pairs of what was found and what was expected: of each step, then of each record, then of the state. */
  async run(all: readonly Step[]): Promise<readonly (readonly [unknown, unknown])[]> {
    const pairs: (readonly [unknown, unknown])[] = []
    for (const step of all) pairs.push(await this.#take(step))
    for (const [task, status] of this.#model.statuses) {
      pairs.push([(await this.#fixture.store.records.get(this.#id(task)))?.status, status])
    }
    const state = await this.#fixture.store.state.load(SCRIPT, this.#name)
    return [...pairs, [state ?? 0, this.#model.commits]]
  }

  #id(task: number): string {
    return `${this.#name}-${task}`
  }

  /** What the store answers, and what the model does. */
  async #take(step: Step): Promise<readonly [unknown, unknown]> {
    const model = this.#model
    if (step.kind === 'wait') {
      model.nowMs += step.ms
      return [0, 0]
    }
    const { store } = this.#fixture
    const { queue } = store
    const taskId = this.#id(step.task)
    const lease = { taskId, fence: model.fences.get(step.task) ?? 0 }
    switch (step.kind) {
      case 'enqueue': {
        const tick = { triggerId: this.#name, tickMs: step.task, expiresAtMs: model.nowMs + EXPIRES_MS }
        const added = await queue.enqueueOnce(makeTask(taskId, { funcId: `${this.#name}.run`, ...tick }))
        return [added, model.enqueue(step.task)]
      }
      case 'claim':
        return [(await queue.claim(taskId, model.nowMs, LEASE_MS)).kind, model.claim(step.task)]
      case 'heartbeat':
        return [await queue.heartbeat(lease, model.nowMs + LEASE_MS), model.heartbeat(step.task)]
      case 'finish':
        return [await queue.finish(lease, { ...SUCCESS, endTimeMs: model.nowMs }), model.finish(step.task)]
      case 'commit': {
        const state = { [this.#name]: model.commits + 1 }
        return [await this.#fixture.commit(lease, { state }), model.commit(step.task)]
      }
      default:
        return [await queue.close(taskId, 'skip', 'x', model.nowMs), model.skip(step.task)]
    }
  }
}

/** The queue against its model, whatever happens in whatever order. */
export function describeLaws(fixture: () => StoreFixture): void {
  describe('laws', () => {
    it('answers any history of ticks, claims, heartbeats, commits and ends as the contract says', async () => {
      let histories = 0
      await fc.assert(
        fc.asyncProperty(steps, async (all) => {
          histories += 1
          const pairs = await new History(fixture(), `history${histories}`).run(all)
          expect(pairs.map(([found]) => found)).toEqual(pairs.map(([, expected]) => expected))
        }),
        { numRuns: 150 },
      )
      expect(histories).toBeGreaterThanOrEqual(150)
    })
  })
}
