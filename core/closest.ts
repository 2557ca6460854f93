function editDistance(left: string, right: string): number {
  let previous = Array.from({ length: right.length + 1 }, (_, index) => index)
  for (let row = 1; row <= left.length; row += 1) {
    const current = [row]
    for (let column = 1; column <= right.length; column += 1) {
      const swap = (previous[column - 1] ?? 0) + (left[row - 1] === right[column - 1] ? 0 : 1)
      current.push(Math.min((previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1, swap))
    }
    previous = current
  }
  return previous[right.length] ?? 0
}

/** Longer than any name; what is longer is no typo. */
const MAX_LENGTH = 200

/** Shorter beginnings fit too many names to be a hint. */
const MIN_PREFIX = 4

/** The known name a typo most likely meant: nearest within a third of its letters, else the one it begins; or undefined. */
export function closestName(name: string, known: Iterable<string>): string | undefined {
  // Comparing takes the product of the lengths, and nobody mistypes that much.
  if (name.length > MAX_LENGTH) return undefined
  const wanted = name.toLowerCase()
  let best: { readonly name: string; readonly distance: number } | undefined
  for (const candidate of known) {
    const distance = editDistance(wanted, candidate.toLowerCase())
    if (distance <= Math.max(1, Math.floor(wanted.length / 3)) && distance < (best?.distance ?? Infinity)) {
      best = { name: candidate, distance }
    }
  }
  if (best !== undefined || wanted.length < MIN_PREFIX) return best?.name
  return [...known].find((candidate) => candidate.toLowerCase().startsWith(wanted))
}
