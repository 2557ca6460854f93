/** Says of a name whether it is meant. */
export type NameTest = (name: string) => boolean

/**
 * A pattern in which `*` stands for any run of characters, as a test. Searches each literal part in turn, the leftmost place
 * being as good as another, so that no pattern can take exponential time.
 */
export function compileGlob(pattern: string): NameTest {
  const [first = '', ...middle] = pattern.split('*')
  const last = middle.pop()
  if (last === undefined) return (name) => name === first
  return (name) => {
    if (!name.startsWith(first) || !name.endsWith(last)) return false
    let position = first.length
    for (const part of middle) {
      const found = name.indexOf(part, position)
      if (found < 0) return false
      position = found + part.length
    }
    return position + last.length <= name.length
  }
}

/** Patterns as a test: one of them must fit. Exact names are looked up, however many there are. */
export function compileGlobs(patterns: readonly string[]): NameTest {
  const exact = new Set(patterns.filter((pattern) => !pattern.includes('*')))
  const globs = patterns.filter((pattern) => pattern.includes('*')).map(compileGlob)
  return (name) => exact.has(name) || globs.some((isMatch) => isMatch(name))
}
