import type { Point } from 'guance-aws-lambda/dff'
import { AwsFailure, type AwsRegion, makeProblem } from 'guance-aws-lambda/sets/guance_integration'
import type { ObjectsRun } from './commit-objects.ts'
import type { DetailBook } from './detail-book.ts'
import type { ResourceTags } from './function-choice.ts'
import type { LambdaFunction } from './list-functions.ts'
import { fetchTags } from './read-tags.ts'

/** Tags of a function by its name; undefined where they are not known. */
type TagsOf = (name: string) => ResourceTags | undefined

/**
 * Tags to choose by: read now where rules ask for them. When that fails, those read earlier count, and a function without
 * any is left out; the record says so.
 */
async function loadTags(run: ObjectsRun, region: AwsRegion, book: DetailBook): Promise<TagsOf> {
  const known: TagsOf = (name) => book.get(name)?.tags
  if (!run.choice.needsTags) return known
  try {
    const found = await fetchTags(region)
    return (name) => found.get(name) ?? {}
  } catch (error) {
    if (!(error instanceof AwsFailure)) throw error
    const problem = makeProblem(error, region.scope)
    const message = `Functions whose tags are not known are left out, because include or exclude ask for tags: ${problem.message}`
    run.context.report({ ...problem, code: 'tags-unread', message })
    return known
  }
}

/** Chooses the functions of one listing, and lets the Startup script change their objects. */
export interface Choosing {
  isChosen(lambda: LambdaFunction): boolean
  /** The object as `after_collect` leaves it. */
  finish(point: Point): Point
  /** Reports what functions of the Startup script threw; once for all. */
  report(): void
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** What a function of the Startup script throws is the script's fault, and stops nothing. */
class ScriptFaults {
  readonly #what: string
  readonly #then: string
  #count = 0
  #first = ''

  constructor(what: string, then: string) {
    this.#what = what
    this.#then = then
  }

  /** The result, or `otherwise` when it throws. */
  try<T>(call: () => T, otherwise: T): T {
    try {
      return call()
    } catch (error) {
      if (this.#count === 0) this.#first = messageOf(error)
      this.#count += 1
      return otherwise
    }
  }

  report({ context }: ObjectsRun, { scope }: AwsRegion): void {
    if (this.#count === 0) return
    context.report({
      code: 'script-fault',
      severity: 'warning',
      scope,
      message: `${this.#what} of the Startup script threw for ${this.#count} functions, which ${this.#then}: ${this.#first}`,
    })
  }
}

/** What came back, unless it is no point: then the one that went in. */
function pointOr(changed: unknown, point: Point): Point {
  const { tags, fields } = (changed ?? {}) as Partial<Point>
  const isPoint = [tags, fields].every((part) => typeof part === 'object' && part !== null)
  if (!isPoint) throw new TypeError('it returned no point')
  // Class, time and category decide what the object is: only what it says may change.
  return { ...point, tags: { ...tags }, fields: { ...fields } }
}

/** Prepares the choice for one listing of a region. */
export async function startChoosing(run: ObjectsRun, region: AwsRegion, book: DetailBook): Promise<Choosing> {
  const tagsOf = await loadTags(run, region, book)
  const filters = new ScriptFaults('A filter', 'were left out')
  const after = new ScriptFaults('after_collect', 'went out unchanged')
  const { choice, afterCollect } = run
  return {
    isChosen: (lambda) =>
      filters.try(() => choice.isChosen(lambda, tagsOf(lambda.FunctionName ?? '')), false),
    finish: (point) =>
      afterCollect === undefined
        ? point
        : after.try(() => pointOr(afterCollect(structuredClone(point)), point), point),
    report() {
      filters.report(run, region)
      after.report(run, region)
    },
  }
}
