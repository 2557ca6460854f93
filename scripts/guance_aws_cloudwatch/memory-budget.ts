import type { RunContext } from 'guance-aws-lambda/dff'
import { MAX_DATAPOINTS } from './works.ts'

/** Lets slices of different regions run beside each other as far as their datapoints fit in memory together. */
export class MemoryBudget {
  readonly #most: number
  #held = 0
  readonly #waiting: { readonly datapoints: number; readonly start: () => void }[] = []

  constructor(most: number = MAX_DATAPOINTS) {
    this.#most = most
  }

  /** Does the work once there is room for it, in the order of asking; what alone is too large runs alone. */
  async within<T>(datapoints: number, work: () => Promise<T>): Promise<T> {
    const share = Math.min(datapoints, this.#most)
    await new Promise<void>((start) => {
      this.#waiting.push({ datapoints: share, start })
      this.#startNext()
    })
    try {
      return await work()
    } finally {
      this.#held -= share
      this.#startNext()
    }
  }

  #startNext(): void {
    let next = this.#waiting[0]
    while (next !== undefined && this.#held + next.datapoints <= this.#most) {
      this.#waiting.shift()
      this.#held += next.datapoints
      next.start()
      next = this.#waiting[0]
    }
  }
}

/** Shared by all regions of a run and gone with it. */
const budgetOfRun = new WeakMap<RunContext, MemoryBudget>()

export function memoryBudget(context: RunContext): MemoryBudget {
  const known = budgetOfRun.get(context)
  if (known !== undefined) return known
  const made = new MemoryBudget()
  budgetOfRun.set(context, made)
  return made
}
