import type { CollectorConfigs, RunContext } from 'guance-aws-lambda/dff'

/** What the tag `name` of an object holds; upstream's is the function's name. */
export type ObjectNaming = Required<CollectorConfigs>['object_name']

/** Where functions live, as their ARNs say it. */
export interface ObjectPlace {
  readonly partition: string
  readonly accountId: string
  readonly region: string
}

/** More would bury the sentence; the rest is a number. */
const MAX_NAMES = 3

/** The identity of a function's object. */
export function objectNameOf(place: ObjectPlace, functionName: string, naming: ObjectNaming): string {
  if (naming === 'function_name') return functionName
  const { partition, region, accountId } = place
  return `arn:${partition}:lambda:${region}:${accountId}:function:${functionName}`
}

/** Scopes by name, of all collectors of a run: two accounts of one script may collide too. */
const namesOfRun = new WeakMap<RunContext, Map<string, Set<string>>>()

/** What was warned of: accounts collect side by side, and each would name the same. */
const toldOfRun = new WeakMap<RunContext, Set<string>>()

/** Remembers for this run which names a region of an account (`account/region`) holds. */
export function noteNames(context: RunContext, scope: string, names: Iterable<string>): void {
  const known = namesOfRun.get(context) ?? new Map<string, Set<string>>()
  namesOfRun.set(context, known)
  for (const name of names) {
    const scopes = known.get(name)
    if (scopes === undefined) known.set(name, new Set([scope]))
    else scopes.add(scope)
  }
}

/** Warns once of names that are in several regions or accounts, when this account is among them: class and name are the identity of an object, so they share one. */
export function reportCollisions(context: RunContext, accountId: string): void {
  const isOurs = (scope: string): boolean => scope.startsWith(`${accountId}/`)
  const told = toldOfRun.get(context) ?? new Set<string>()
  toldOfRun.set(context, told)
  const collided = [...(namesOfRun.get(context) ?? [])].filter(
    ([name, scopes]) => scopes.size > 1 && [...scopes].some(isOurs) && !told.has(name),
  )
  if (collided.length === 0) return
  for (const [name] of collided) told.add(name)
  const shown = collided.slice(0, MAX_NAMES).map(([name, scopes]) => `${name} (${[...scopes].join(', ')})`)
  const rest = collided.length - shown.length
  context.report({
    code: 'name-collision',
    severity: 'warning',
    scope: accountId,
    message:
      `${collided.length} names stand for several functions, which therefore share one object: ${shown.join(' · ')}${rest > 0 ? ` and ${rest} more` : ''}. ` +
      `Write object_name: 'arn' in collectorConfigs to give each its own, or object_name: 'function_name' to keep it so.`,
  })
}
