import type { ListedIdentity } from './list-series.ts'
import { type Dimension, identityOf, type Series } from './series.ts'
import type { NamespaceTarget } from './targets.ts'

/** Series kept before those that a later page made unwanted are dropped: ten pages cost little. */
const MIN_COMPACTION = 5_000

interface Kept {
  readonly dimensions: readonly Dimension[]
  readonly metrics: Set<string>
}

/** The series of listed identities, one for each metric. */
export function toSeries(namespace: string, identities: readonly ListedIdentity[]): readonly Series[] {
  return identities.flatMap(({ dimensions, metrics }) =>
    metrics.map((metric): Series => ({ namespace, metric, dimensions })),
  )
}

/**
 * Takes a listing page by page and holds wanted series alone, or twice as many: an account may list 700,000, and most
 * are of other metrics and grains. What is wanted of a page may turn out unwanted once the whole is known (a metric's
 * usual dimension set may come late), and never the other way round.
 */
export class Selection {
  readonly #target: Pick<NamespaceTarget, 'namespace' | 'select'>
  #kept = new Map<string, Kept>()
  #count = 0
  #limit = MIN_COMPACTION
  /** Series that AWS listed. */
  listed = 0
  /** Names of their metrics, wanted or not. */
  readonly metrics = new Set<string>()

  constructor(target: Pick<NamespaceTarget, 'namespace' | 'select'>) {
    this.#target = target
  }

  add(page: readonly Series[]): void {
    this.listed += page.length
    for (const { metric } of page) this.metrics.add(metric)
    for (const one of this.#target.select(page)) this.#keep(one)
    if (this.#count <= this.#limit) return
    this.#compact()
    this.#limit = Math.max(MIN_COMPACTION, 2 * this.#count)
  }

  /** The wanted of all pages, each once. */
  finish(): readonly ListedIdentity[] {
    this.#compact()
    return this.#identities()
  }

  #keep(one: Series): void {
    const key = identityOf(one)
    const known = this.#kept.get(key) ?? { dimensions: one.dimensions, metrics: new Set<string>() }
    this.#kept.set(key, known)
    if (known.metrics.has(one.metric)) return
    known.metrics.add(one.metric)
    this.#count += 1
  }

  #identities(): readonly ListedIdentity[] {
    return [...this.#kept.values()].map(({ dimensions, metrics }) => ({
      dimensions,
      metrics: [...metrics].toSorted(),
    }))
  }

  #compact(): void {
    const { namespace, select } = this.#target
    const wanted = select(toSeries(namespace, this.#identities()))
    this.#kept = new Map()
    this.#count = 0
    for (const one of wanted) this.#keep(one)
  }
}
