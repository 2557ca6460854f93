import type { CollectorConfigs } from 'guance-aws-lambda/dff'
import { compileGlobs, readText } from 'guance-aws-lambda/sets/guance_integration'
import type { LambdaFunction } from './list-functions.ts'

type Rules = NonNullable<CollectorConfigs['include']>

export type ResourceTags = Readonly<Record<string, string>>

/** A function as a filter of a Startup script sees it: as AWS lists it, without values of its environment, and its tags where they are known. */
export type FilteredFunction = LambdaFunction & { readonly Tags?: ResourceTags }

/** Says of a function whether it is to become an object. */
export type FunctionFilter = (lambda: FilteredFunction) => boolean

/** Which functions become objects. */
export interface FunctionChoice {
  /** Whether rules ask for tags: then they are read before functions are chosen. */
  readonly needsTags: boolean
  /** `tags` undefined: they could not be read, and no rule over tags may then let a function in. Throws what a filter throws. */
  isChosen(lambda: LambdaFunction, tags: ResourceTags | undefined): boolean
}

type Matcher = (text: string | undefined) => boolean

/** Exact, or `*` for any run of characters; what has no text fits none. */
function makeMatcher(patterns: readonly string[]): Matcher {
  const isMatch = compileGlobs(patterns)
  return (text) => text !== undefined && isMatch(text)
}

/** `unknown` where a rule asks for tags that could not be read. */
type Verdict = 'fits' | 'differs' | 'unknown'

type Judge = (lambda: LambdaFunction, tags: ResourceTags | undefined) => Verdict

function makeJudge({ names, runtimes, tags: wanted = {} }: Rules): Judge {
  const isName = names === undefined ? undefined : makeMatcher(names)
  const isRuntime = runtimes === undefined ? undefined : makeMatcher(runtimes)
  const rules = Object.entries(wanted).map(([key, patterns]) => ({ key, isValue: makeMatcher(patterns) }))
  return (lambda, tags) => {
    if (isName?.(readText(lambda.FunctionName)) === false) return 'differs'
    if (isRuntime?.(readText(lambda.Runtime)) === false) return 'differs'
    if (rules.length === 0) return 'fits'
    if (tags === undefined) return 'unknown'
    const valueOf = (key: string): string | undefined => (Object.hasOwn(tags, key) ? tags[key] : undefined)
    return rules.every(({ key, isValue }) => isValue(valueOf(key))) ? 'fits' : 'differs'
  }
}

/** A promise is always true-ish, and would let everything in or nothing: anything but a boolean is a fault of the script. */
function passes(filter: FunctionFilter, lambda: FilteredFunction): boolean {
  const said: unknown = filter(lambda)
  if (typeof said === 'boolean') return said
  throw new TypeError('it returned neither true nor false')
}

/** The choice of `include`, `exclude` and the filters of a Startup script: a function must pass all of them. */
export function makeFunctionChoice(
  { include, exclude }: Pick<CollectorConfigs, 'include' | 'exclude'>,
  filters: readonly FunctionFilter[] = [],
): FunctionChoice {
  const includes = include === undefined ? undefined : makeJudge(include)
  const excludes = exclude === undefined ? undefined : makeJudge(exclude)
  return {
    needsTags: include?.tags !== undefined || exclude?.tags !== undefined,
    isChosen(lambda, tags) {
      // Closed where it is not known: what must not be collected would be.
      if (includes !== undefined && includes(lambda, tags) !== 'fits') return false
      if (excludes !== undefined && excludes(lambda, tags) !== 'differs') return false
      const seen: FilteredFunction = tags === undefined ? lambda : { ...lambda, Tags: tags }
      return filters.every((filter) => passes(filter, seen))
    },
  }
}
