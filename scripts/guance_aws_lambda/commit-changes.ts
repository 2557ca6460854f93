import { HOUR_MS, type Json, type Point } from 'guance-aws-lambda/dff'
import type { AwsRegion } from 'guance-aws-lambda/sets/guance_integration'
import { makeChangeEvent } from './change-event.ts'
import type { ObjectsRun } from './commit-objects.ts'
import { bucketState, intoBuckets, loadFactBook, type Seen, type SeenBucket } from './fact-book.ts'
import { findChanges, type FunctionChange } from './function-change.ts'
import type { ObjectContext } from './function-object.ts'

/** What one slice holds at most, but for the last bucket of it: some megabyte of state. */
const EVENTS_PER_COMMIT = 500
const FUNCTIONS_PER_COMMIT = 2_000

/** A complete listing, and what is known beside it. */
interface Listed {
  readonly seen: ReadonlyMap<string, Seen>
  /** When the listing before was made. */
  readonly beforeMs: number
  readonly object: ObjectContext
  /** Chosen resource tags of a function, as of this listing or the last one that had it. */
  readonly tagsOf: (name: string) => Readonly<Record<string, string>>
}

function isSame(before: SeenBucket, after: SeenBucket): boolean {
  if (before.size !== after.size) return false
  return [...after].every(([name, { revisionId, lastModified, facts, isExcluded }]) => {
    const known = before.get(name)
    return (
      known?.revisionId === revisionId &&
      known.lastModified === lastModified &&
      known.isExcluded === isExcluded &&
      known.facts.length === facts.length &&
      facts.every((fact, index) => fact === known.facts[index])
    )
  })
}

/** What a store takes no more is told as of the oldest time that it takes. */
function withinRetention({ context }: ObjectsRun, change: FunctionChange): FunctionChange {
  const { retentionHours } = context.sink
  if (retentionHours === undefined) return change
  const oldestMs = context.triggerTimeMs - (retentionHours - 1) * HOUR_MS
  return { ...change, timeMs: Math.max(change.timeMs, oldestMs) }
}

/** Collects slices of events with the state of the buckets that they come from. */
class ChangeSlices {
  readonly #run: ObjectsRun
  #points: Point[] = []
  #state: Record<string, Json> = {}
  #functions = 0

  constructor(run: ObjectsRun) {
    this.#run = run
  }

  async add(
    points: readonly Point[],
    state: Readonly<Record<string, Json>>,
    functions: number,
  ): Promise<void> {
    this.#points.push(...points)
    Object.assign(this.#state, state)
    this.#functions += functions
    if (this.#points.length >= EVENTS_PER_COMMIT || this.#functions >= FUNCTIONS_PER_COMMIT)
      await this.flush()
  }

  async flush(): Promise<void> {
    const slice = { points: this.#points, state: this.#state }
    if (Object.keys(slice.state).length === 0) return
    await this.#run.context.commit(slice)
    this.#points = []
    this.#state = {}
    this.#functions = 0
  }
}

/**
 * Tells what happened to the functions of a region since its last complete listing. Each slice holds events together with
 * the state after them: a kill tells none of them twice. The first listing tells nothing: nobody knows what was before.
 */
export async function commitChanges(run: ObjectsRun, region: AwsRegion, listed: Listed): Promise<void> {
  const { context } = run
  const book = await loadFactBook(context, region)
  const span = { fromMs: listed.beforeMs, toMs: context.triggerTimeMs }
  const slices = new ChangeSlices(run)
  let told = 0
  for (const [bucket, after] of intoBuckets(listed.seen).entries()) {
    const before = book[bucket]
    if (before !== undefined && isSame(before, after)) continue
    const changes = before === undefined ? [] : findChanges(before, after, span)
    const points = changes.map((change) =>
      makeChangeEvent(withinRetention(run, change), listed.object, listed.tagsOf(change.name)),
    )
    told += points.length
    // One slice after the other: a bucket's state goes with its events.
    await slices.add(points, bucketState(region, bucket, after), after.size)
  }
  await slices.flush()
  if (told > 0) context.log(`${region.scope}: ${told} functions created, changed or deleted`)
}
