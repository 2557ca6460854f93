import type { Prediction, Usage } from '../core/script.ts'

/** By what tells its entries apart: a call adds to its entry, so that a record does not grow with the number of calls. */
type Sums<T extends Usage> = Map<string, T>

function add<T extends Usage>(sums: Sums<T>, key: string, one: T): void {
  const before = sums.get(key)
  sums.set(key, {
    ...one,
    requests: (before?.requests ?? 0) + one.requests,
    billedMetrics: (before?.billedMetrics ?? 0) + one.billedMetrics,
  })
}

function keyOf({ api, accountId = '', region = '' }: Usage): string {
  return JSON.stringify([api, accountId, region])
}

/** What one task process asks of AWS, as it says itself while it runs. */
export class TaskUsage {
  readonly #all: Sums<Usage> = new Map()
  readonly #predicted: Sums<Prediction> = new Map()
  #uncounted: Sums<Usage> = new Map()

  meter(usage: Usage): void {
    add(this.#all, keyOf(usage), usage)
    add(this.#uncounted, keyOf(usage), usage)
  }

  predict(prediction: Prediction): void {
    add(this.#predicted, JSON.stringify([keyOf(prediction), prediction.rule]), prediction)
  }

  get all(): readonly Usage[] {
    return [...this.#all.values()]
  }

  get predicted(): readonly Prediction[] {
    return [...this.#predicted.values()]
  }

  /** What the store does not know of yet. From here on it counts as told: `giveBack` what was not written. */
  takeUncounted(): readonly Usage[] {
    const taken = [...this.#uncounted.values()]
    this.#uncounted = new Map()
    return taken
  }

  giveBack(usage: readonly Usage[]): void {
    for (const one of usage) add(this.#uncounted, keyOf(one), one)
  }
}
