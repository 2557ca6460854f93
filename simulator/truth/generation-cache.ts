/** A cache with a bound: holds between `limit` and twice `limit` of what was used last, and forgets the rest without bookkeeping per entry. */
export interface GenerationCache<K, V> {
  /** The value of a key, made at the first use. */
  take(key: K, make: () => V): V
}

/** Creates a cache that keeps at least the `limit` values used last. */
export function createGenerationCache<K, V>(limit: number): GenerationCache<K, V> {
  let young = new Map<K, V>()
  let old = new Map<K, V>()
  const keep = (key: K, value: V): V => {
    if (young.size >= limit) {
      old = young
      young = new Map()
    }
    young.set(key, value)
    return value
  }
  return {
    take(key, make) {
      const value = young.get(key)
      if (value !== undefined) return value
      const older = old.get(key)
      return keep(key, older === undefined ? make() : older)
    },
  }
}
