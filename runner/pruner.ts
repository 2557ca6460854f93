import { coerceError } from '../core/error.ts'
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

interface Pruned {
  readonly store: Store
  readonly note: (text: string) => void
}

async function pruneStore({ store, note }: Pruned, nowMs: number): Promise<void> {
  const olderThanMs = nowMs - KEEP_MS
  const dropped = await store.outbox.pruneDead(olderThanMs)
  if (dropped > 0) note(`Dropped dead batches that nobody retried for 90 days: ${dropped}`)
  await store.outbox.pruneReceipts(olderThanMs)
  await store.usage.prune(olderThanMs)
  await store.state.prune(KEEP_MS, nowMs)
  await store.records.prune(KEEP_PER_FUNC, olderThanMs)
}

/** A pruner of a store; `note` hears what was lost by it, and why it could not prune. */
export function createPruner(pruned: Pruned): Pruner {
  let timer: NodeJS.Timeout | undefined
  let ended = 0
  const prune = (): Promise<void> => pruneStore(pruned, Date.now())
  const tryPrune = (): Promise<void> =>
    prune().catch((error: unknown) => pruned.note(coerceError(error, 'retention').message))
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
