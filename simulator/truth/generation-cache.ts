/** A cache with a bound: holds between `limit` and twice `limit` of what was used last, and forgets the rest without bookkeeping per entry. */
export interface GenerationCache<K, V> {
  get(key: K): V | undefined
  /** Keeps a value that was not there, and gives it back. */
  put(key: K, value: V): V
}

class Generations<K, V> implements GenerationCache<K, V> {
  readonly #limit: number
  #young = new Map<K, V>()
  #old = new Map<K, V>()

  constructor(limit: number) {
    this.#limit = limit
  }

  get(key: K): V | undefined {
    const value = this.#young.get(key)
    if (value !== undefined) return value
    const older = this.#old.get(key)
    return older === undefined ? undefined : this.put(key, older)
  }

  put(key: K, value: V): V {
    if (this.#young.size >= this.#limit) {
      this.#old = this.#young
      this.#young = new Map()
    }
    this.#young.set(key, value)
    return value
  }
}

/** Creates a cache that keeps at least the `limit` values used last. */
export function createGenerationCache<K, V>(limit: number): GenerationCache<K, V> {
  return new Generations(limit)
}
