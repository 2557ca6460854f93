import type { Organization } from 'guance-aws-lambda/dff'
import { compileGlobs } from './glob.ts'

type AccountChoice = NonNullable<Organization['include']>

/** What rules may ask of an account of an organization. */
export interface ListedAccount {
  readonly id: string
  readonly name: string
}

/** What is known beside the listing, as far as rules ask for it. */
export interface AccountFacts {
  /** Accounts below each unit that a rule names. */
  readonly units: ReadonlyMap<string, ReadonlySet<string>>
  readonly tags: ReadonlyMap<string, Readonly<Record<string, string>>>
}

function matchesAny(patterns: readonly string[] = [], text: string | undefined): boolean {
  return text !== undefined && compileGlobs(patterns)(text)
}

function isMeant(
  { ids = [], names, ous = [], tags = {} }: AccountChoice,
  { id, name }: ListedAccount,
  facts: AccountFacts,
): boolean {
  if (ids.includes(id) || matchesAny(names, name)) return true
  if (ous.some((unit) => facts.units.get(unit)?.has(id) === true)) return true
  const own = facts.tags.get(id) ?? {}
  return Object.entries(tags).some(
    ([key, patterns]) => Object.hasOwn(own, key) && matchesAny(patterns, own[key]),
  )
}

/** Units that rules name. */
export function unitsOf({ include, exclude }: Organization): readonly string[] {
  return [...new Set([...(include?.ous ?? []), ...(exclude?.ous ?? [])])]
}

/** Whether rules ask for tags. */
export function needsTags({ include, exclude }: Organization): boolean {
  return include?.tags !== undefined || exclude?.tags !== undefined
}

/** Whether an account is collected from: one rule of include holds, where there are some, and none of exclude. */
export function isChosen(
  { include, exclude }: Organization,
  account: ListedAccount,
  facts: AccountFacts,
): boolean {
  const isIncluded = include === undefined || isMeant(include, account, facts)
  return isIncluded && !(exclude !== undefined && isMeant(exclude, account, facts))
}
