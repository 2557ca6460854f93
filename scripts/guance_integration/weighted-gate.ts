/** Lets works run beside each other as far as their weights fit together, in the order of asking. */
export class WeightedGate {
  readonly #most: number
  #held = 0
  readonly #waiting: { readonly weight: number; readonly begin: () => void }[] = []

  constructor(most: number) {
    this.#most = most
  }

  /** Does the work once there is room for it; what alone is too heavy runs alone. */
  async within<T>(weight: number, work: () => Promise<T>): Promise<T> {
    const giveBack = await this.take(weight)
    try {
      return await work()
    } finally {
      giveBack()
    }
  }

  /** Whether so much would begin at once. */
  hasRoom(weight: number): boolean {
    return this.#waiting.length === 0 && this.#held + Math.min(weight, this.#most) <= this.#most
  }

  /** Resolves once there is room for so much, or all there is for more, which is held until what it gives is called, once. */
  async take(weight: number): Promise<() => void> {
    const share = Math.min(weight, this.#most)
    await new Promise<void>((begin) => {
      this.#waiting.push({ weight: share, begin })
      this.#beginNext()
    })
    return () => {
      this.#held -= share
      this.#beginNext()
    }
  }

  #beginNext(): void {
    let next = this.#waiting[0]
    while (next !== undefined && this.#held + next.weight <= this.#most) {
      this.#waiting.shift()
      this.#held += next.weight
      next.begin()
      next = this.#waiting[0]
    }
  }
}

/** A gate for each run, or for each region of one: shared by all who ask for the same, and gone with it. */
export function gatePer(most: number): (owner: object) => WeightedGate {
  const gates = new WeakMap<object, WeightedGate>()
  return (owner) => {
    const known = gates.get(owner)
    if (known !== undefined) return known
    const made = new WeightedGate(most)
    gates.set(owner, made)
    return made
  }
}
