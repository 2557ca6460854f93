/** Lets works of different regions run beside each other as far as what they hold fits in memory together. */
export class MemoryBudget {
  readonly #most: number
  #held = 0
  readonly #waiting: { readonly share: number; readonly start: () => void }[] = []

  constructor(most: number) {
    this.#most = most
  }

  /** Waits for room, in the order of asking, and gives what is to be called when it is free again; all there is for what is larger. */
  async take(amount: number): Promise<() => void> {
    const share = Math.min(amount, this.#most)
    await new Promise<void>((start) => {
      this.#waiting.push({ share, start })
      this.#startNext()
    })
    return () => {
      this.#held -= share
      this.#startNext()
    }
  }

  /** Does the work once there is room for it; what alone is too large runs alone. */
  async within<T>(amount: number, work: () => Promise<T>): Promise<T> {
    const giveBack = await this.take(amount)
    try {
      return await work()
    } finally {
      giveBack()
    }
  }

  #startNext(): void {
    let next = this.#waiting[0]
    while (next !== undefined && this.#held + next.share <= this.#most) {
      this.#waiting.shift()
      this.#held += next.share
      next.start()
      next = this.#waiting[0]
    }
  }
}

/** A budget for each run, or for each region of one: shared by all who ask for the same, and gone with it. */
export function budgetPer(most: number): (owner: object) => MemoryBudget {
  const budgets = new WeakMap<object, MemoryBudget>()
  return (owner) => {
    const known = budgets.get(owner)
    if (known !== undefined) return known
    const made = new MemoryBudget(most)
    budgets.set(owner, made)
    return made
  }
}
