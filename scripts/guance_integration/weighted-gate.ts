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
    const held = await this.take(weight)
    try {
      return await work()
    } finally {
      this.release(held)
    }
  }

  /** Whether so much would begin at once. */
  hasRoom(weight: number): boolean {
    return this.#waiting.length === 0 && this.#held + Math.min(weight, this.#most) <= this.#most
  }

  /** Resolves once there is room for so much, which is held from then on; what is to be released. */
  async take(weight: number): Promise<number> {
    const share = Math.min(weight, this.#most)
    await new Promise<void>((begin) => {
      this.#waiting.push({ weight: share, begin })
      this.#beginNext()
    })
    return share
  }

  /** Gives back what `take` has given. */
  release(held: number): void {
    this.#held -= held
    this.#beginNext()
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
