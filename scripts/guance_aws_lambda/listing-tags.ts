import type { Json } from 'guance-aws-lambda/dff'
import {
  AwsFailure,
  type AwsRegion,
  type InventoryEntry,
  makeProblem,
} from 'guance-aws-lambda/sets/guance_integration'
import type { ObjectsRun } from './commit-objects.ts'
import type { DetailBook, FunctionDetail } from './detail-book.ts'
import type { ResourceTags } from './function-choice.ts'
import { areTagsOld, fetchTags, keepTags } from './read-tags.ts'

/**
 * The resource tags that one listing goes by. Where they decide which functions are chosen, or become tags of objects and
 * metrics, they are read before the functions that need them go out: else the first points of each would be another series.
 */
export class ListingTags {
  readonly #run: ObjectsRun
  readonly #region: AwsRegion
  readonly #book: DetailBook
  #found: ReadonlyMap<string, ResourceTags> | undefined
  #hasFailed = false

  constructor(run: ObjectsRun, region: AwsRegion, book: DetailBook) {
    this.#run = run
    this.#region = region
    this.#book = book
  }

  /** Reads tags, once for the listing, when functions of these names cannot go out without. */
  async prepare(names: readonly string[]): Promise<void> {
    if (this.#found !== undefined || this.#hasFailed || !this.#isDue(names)) return
    try {
      this.#found = await fetchTags(this.#region)
    } catch (error) {
      if (!(error instanceof AwsFailure)) throw error
      this.#hasFailed = true
      this.#tell(error)
    }
  }

  #isDue(names: readonly string[]): boolean {
    const { choice, resourceTags, context } = this.#run
    if (choice.needsTags) return true
    if (resourceTags.length === 0) return false
    return (
      areTagsOld(this.#book, context.triggerTimeMs) ||
      names.some((name) => this.#book.get(name)?.tags === undefined)
    )
  }

  #tell(error: AwsFailure): void {
    const { choice, context } = this.#run
    const problem = makeProblem(error, this.#region.scope)
    const then = choice.needsTags
      ? 'Functions whose tags are not known are left out, because include or exclude ask for tags'
      : 'Resource tags stay as they were read last, and new functions go without'
    context.report({
      ...problem,
      severity: choice.needsTags ? problem.severity : 'warning',
      code: 'tags-unread',
      message: `${then}: ${problem.message}`,
    })
  }

  /** Of a function; undefined where they are not known, which is not the same as none. */
  of(name: string): ResourceTags | undefined {
    return this.#found === undefined ? this.#book.get(name)?.tags : (this.#found.get(name) ?? {})
  }

  /** What is known of a function beside its listing. */
  detailOf(name: string): FunctionDetail | undefined {
    const detail = this.#book.get(name)
    const tags = this.of(name)
    return tags === undefined ? detail : { ...detail, tags }
  }

  /** State that remembers what was read; nothing when nothing was. */
  takeState(entries: readonly InventoryEntry[]): Readonly<Record<string, Json>> {
    if (this.#found === undefined) return {}
    keepTags(this.#book, { entries, found: this.#found, nowMs: this.#run.context.triggerTimeMs })
    return this.#book.takeState(new Set(entries.map(({ name }) => name)))
  }
}
