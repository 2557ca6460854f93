/** Numbers in [0, 1) that depend on nothing but the seed they were made from. */
export type Random = () => number

const TO_UNIT = 2 ** -32

/** FNV-1a over UTF-16 units: a 32-bit seed from text such as an account id and a region. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return hash >>> 0
}

/** Mixes a second number into a seed (murmur3's finalizer), so that neighbouring minutes share no pattern. */
export function mixSeed(seed: number, value: number): number {
  let mixed = Math.imul(seed ^ Math.imul(value, 0x9e3779b1), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return (mixed ^ (mixed >>> 16)) >>> 0
}

/** The mulberry32 stream of a seed. */
export function createRandom(seed: number): Random {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let bits = Math.imul(state ^ (state >>> 15), state | 1)
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61)
    return ((bits ^ (bits >>> 14)) >>> 0) * TO_UNIT
  }
}

/** Above this Knuth's product of uniforms nears the smallest double; a larger mean is drawn in parts, which add up exactly. */
const MAX_MEAN = 30

/** A count with this mean: Knuth's product method. */
export function drawPoisson(random: Random, mean: number): number {
  let count = 0
  for (let left = mean; left > 0; left -= MAX_MEAN) {
    const limit = Math.exp(-Math.min(left, MAX_MEAN))
    for (let product = random(); product > limit; product *= random()) count++
  }
  return count
}

/** A log-normal value: `median` is its 50th percentile, `sigma` the spread of its logarithm. */
export function drawLogNormal(random: Random, median: number, sigma: number): number {
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  return median * Math.exp(sigma * normal)
}
