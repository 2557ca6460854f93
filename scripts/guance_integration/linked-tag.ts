/** Before the key of a tag that a point has already: as objects call theirs. */
export const TAKEN = 'tag_'

/** A tag of an object by the key that AWS or the object has for it; undefined when it has none. */
export function linkedTag(
  tags: Readonly<Record<string, string>>,
  key: string,
): { readonly key: string; readonly value: string } | undefined {
  for (const each of [key, `${TAKEN}${key}`]) {
    const value = Object.hasOwn(tags, each) ? tags[each] : undefined
    if (value !== undefined) return { key: each, value }
  }
  return undefined
}
