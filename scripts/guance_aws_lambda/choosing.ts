import type { Point } from 'guance-aws-lambda/dff'
import type { AwsRegion } from 'guance-aws-lambda/sets/guance_integration'
import type { ObjectsRun } from './commit-objects.ts'
import type { LambdaFunction } from './list-functions.ts'
import type { ListingTags } from './listing-tags.ts'

/** Chooses the functions of one listing. */
export interface Choosing {
  isChosen(lambda: LambdaFunction): boolean
  /** Reports what filters of the Startup script threw; once for all. */
  report(): void
}

/** Lets the Startup script change objects. */
export interface Finishing {
  /** The object as `after_collect` leaves it. */
  finish(point: Point): Point
  /** Reports what it threw; once for all. */
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

/** What came back, as far as it may change: name, class, time and category decide what the object is. Throws for what is no point. */
function changedPoint(point: Point, changed: unknown): Point {
  const { tags, fields } = (changed ?? {}) as Partial<Point>
  const isPoint = [tags, fields].every((part) => typeof part === 'object' && part !== null)
  if (!isPoint) throw new TypeError('it returned no point')
  const { name = '' } = point.tags
  return { ...point, tags: { ...tags, name }, fields: { ...fields } }
}

/** Prepares the choice for one listing of a region. */
export function startChoosing(run: ObjectsRun, region: AwsRegion, tags: ListingTags): Choosing {
  const faults = new ScriptFaults('A filter', 'were left out')
  return {
    isChosen: (lambda) =>
      faults.try(() => run.choice.isChosen(lambda, tags.of(lambda.FunctionName ?? '')), false),
    report: () => faults.report(run, region),
  }
}

/** Prepares `after_collect` for some objects of a region. */
export function startFinishing(run: ObjectsRun, region: AwsRegion): Finishing {
  const faults = new ScriptFaults('after_collect', 'went out unchanged')
  const { afterCollect } = run
  return {
    finish: (point) =>
      afterCollect === undefined
        ? point
        : faults.try(() => changedPoint(point, afterCollect(structuredClone(point))), point),
    report: () => faults.report(run, region),
  }
}
