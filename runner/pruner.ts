import { DAY_MS, HOUR_MS } from '../core/time.ts'
import type { Store } from './store/store.ts'

/** Func's retention for triggers made by a deploy, and for records of any kind (guance.md §4.8). */
const KEEP_PER_FUNC = 100
const KEEP_MS = 90 * DAY_MS

/** Between two hours a function may run any number of times: half of what is kept of it is the most that lies beyond. */
const PRUNE_EVERY_TASKS = KEEP_PER_FUNC / 2

/** Forgets what is old or more than is kept, so that a home does not grow for as long as it is used. */
export interface Pruner {
  /** Now. */
  prune(): Promise<void>
  /** Counts a task that is over, and prunes when there were many; never rejects. */
  taskEnded(): Promise<void>
  /** From now on once an hour. */
  start(): void
  stop(): void
}

async function pruneStore(store: Store, nowMs: number): Promise<void> {
  const olderThanMs = nowMs - KEEP_MS
  await store.outbox.pruneReceipts(olderThanMs)
  await store.state.prune(KEEP_MS, nowMs)
  await store.records.prune(KEEP_PER_FUNC, olderThanMs)
}

/** A pruner of a store; `note` hears why it could not prune. */
export function createPruner(store: Store, note: (text: string) => void): Pruner {
  let timer: NodeJS.Timeout | undefined
  let ended = 0
  const prune = (): Promise<void> => pruneStore(store, Date.now())
  const tryPrune = (): Promise<void> => prune().catch((error: unknown) => note(String(error)))
  return {
    prune,
    async taskEnded() {
      ended += 1
      if (ended % PRUNE_EVERY_TASKS === 0) await tryPrune()
    },
    start() {
      timer = setInterval(() => void tryPrune(), HOUR_MS)
      timer.unref()
    },
    stop: () => clearInterval(timer),
  }
}
