import fc from 'fast-check'

/** Names that every object has, and texts that break what takes them for something else. */
const NASTY_TEXTS = [
  '__proto__',
  'constructor',
  'toString',
  '',
  ' ',
  '\u0000',
  '\ud800',
  '\u001b[31m',
  '\u202e',
  'a\nb',
  '"',
  "'",
  '\\',
  '{{x}}',
  '../..',
  '=1+1',
  '中文 🎉',
  'x'.repeat(5_000),
  'NaN',
  '-0',
  '1e400',
  'null',
] as const

export const nastyText: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(...NASTY_TEXTS),
  fc.string({ maxLength: 40, unit: 'binary' }),
)

/** JSON of any type where one of another was asked for; small, because there are many of them. */
export const nastyJson: fc.Arbitrary<unknown> = fc.oneof(
  { maxDepth: 3 },
  nastyText,
  fc.constantFrom(null, true, false, 0, -1, 1e308, 2 ** 53, 0.1),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.array(fc.oneof(nastyText, fc.integer(), fc.constant(null), fc.constant([]), fc.constant({})), {
    maxLength: 4,
  }),
  fc.dictionary(nastyText, fc.oneof(nastyText, fc.integer(), fc.constant(null), fc.constant([])), {
    maxKeys: 4,
  }),
)

type Path = readonly (string | number)[]

function pathsOf(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [path]
  return [path, ...Object.entries(value).flatMap(([key, inner]) => pathsOf(inner, [...path, key]))]
}

function changeAt(value: unknown, path: Path, change: (inner: unknown) => unknown): unknown {
  const [head, ...rest] = path
  if (head === undefined) return change(value)
  if (Array.isArray(value)) {
    return value.map((item: unknown, index) =>
      String(index) === String(head) ? changeAt(item, rest, change) : item,
    )
  }
  const record = value as Readonly<Record<string, unknown>>
  return { ...record, [head]: changeAt(record[String(head)], rest, change) }
}

/** How a value differs from one that is right: another value, a key less, a key more, the same twice. */
export interface Mutation {
  /** Which place, as a fraction of all. */
  readonly at: number
  readonly kind: 'replace' | 'remove' | 'add' | 'repeat'
  readonly key: string
  readonly value: unknown
}

export const mutation: fc.Arbitrary<Mutation> = fc.record({
  at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  kind: fc.constantFrom('replace', 'remove', 'add', 'repeat'),
  key: nastyText,
  value: nastyJson,
})

function changeOf({ kind, key, value }: Mutation): (inner: unknown) => unknown {
  return (inner) => {
    if (kind === 'replace' || typeof inner !== 'object' || inner === null) return value
    if (kind === 'add')
      return Array.isArray(inner) ? [...(inner as unknown[]), value] : { ...inner, [key]: value }
    if (kind === 'repeat')
      return Array.isArray(inner) ? [...(inner as unknown[]), ...(inner as unknown[])] : [inner]
    return Array.isArray(inner) ? inner.slice(1) : Object.fromEntries(Object.entries(inner).slice(1))
  }
}

/** The value with one place of it changed. */
export function mutate(value: unknown, change: Mutation): unknown {
  const paths = pathsOf(value)
  const path = paths[Math.floor(change.at * paths.length)] ?? []
  return changeAt(value, path, changeOf(change))
}
