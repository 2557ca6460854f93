import type { EpochMs, RunContext } from 'guance-aws-lambda/dff'
import { type Inventory, linkedTag, loadInventory } from 'guance-aws-lambda/sets/guance_integration'

/** Of one tag in one account. Teams, stages and runtimes are fewer; a build number is not, and makes a new series each time. */
const MAX_VALUES = 200

/** More would bury the sentence. */
const SHOWN = 3

/** Tags that every listed function may have; others have to be asked for where functions are collected. */
const OBJECT_TAGS: ReadonlySet<string> = new Set(['PackageType', 'Role', 'Runtime', 'Version'])

/** Values of linked tags that points may have, by key; a key that is not there may have any. */
export type AdmittedValues = ReadonlyMap<string, ReadonlySet<string>>

/** The linked objects of one account, and what metrics are to take over of their tags. */
export interface LinkedTags {
  readonly accountId: string
  readonly regions: readonly string[]
  readonly objectClass: string
  readonly keys: readonly string[]
  readonly maxValues: number | undefined
}

function stateKey({ accountId, objectClass }: LinkedTags): string {
  return `tag-values/${objectClass}/${accountId}`
}

/** What the stored listings of an account say of tags, without their functions. */
class TagTally {
  /** Since when objects with a value are known, by key and value. */
  readonly #sinceMs = new Map<string, Map<string, EpochMs>>()
  /** Keys of resource tags that listings asked for; undefined while none has written them down. */
  asked: ReadonlySet<string> | undefined
  isListed = false

  add({ entries, gone = [], listedAtMs, resourceTags }: Inventory, keys: readonly string[]): void {
    this.isListed = true
    if (resourceTags !== undefined) this.asked = new Set([...(this.asked ?? []), ...resourceTags])
    for (const key of keys) {
      const since = this.#sinceMs.get(key) ?? new Map<string, EpochMs>()
      this.#sinceMs.set(key, since)
      for (const { tags, sinceMs = listedAtMs } of [...gone, ...entries]) {
        const value = linkedTag(tags, key)?.value
        if (value !== undefined) since.set(value, Math.min(since.get(value) ?? sinceMs, sinceMs))
      }
    }
  }

  /** Values of a tag, those of the objects known longest first: whoever counts them again comes to the same order. */
  valuesOf(key: string): readonly string[] {
    return [...(this.#sinceMs.get(key) ?? [])]
      .toSorted(([left, leftMs], [right, rightMs]) => leftMs - rightMs || (left < right ? -1 : 1))
      .map(([value]) => value)
  }
}

async function tallyTags(
  context: RunContext,
  { accountId, objectClass, regions, keys }: LinkedTags,
): Promise<TagTally> {
  const tally = new TagTally()
  for (const region of regions) {
    // One after the other: those of all regions and accounts together would not fit in a task's heap.
    const inventory = await loadInventory(context, { accountId, objectClass, region })
    if (inventory !== undefined) tally.add(inventory, keys)
  }
  return tally
}

/**
 * Who stays in: those that were, as long as they occur or there is room, and then the others in order. A value that came
 * later never takes the place of one that series have already.
 */
export function admit(before: readonly string[], values: readonly string[], max: number): readonly string[] {
  const present = new Set(values)
  const known = new Set(before)
  const kept = before.filter((value) => present.has(value)).slice(0, max)
  const fresh = values.filter((value) => !known.has(value)).slice(0, max - kept.length)
  const absent = before.filter((value) => !present.has(value))
  return [...kept, ...fresh, ...absent.slice(0, Math.max(0, max - kept.length - fresh.length))]
}

function reportBeyond(
  context: RunContext,
  { accountId }: LinkedTags,
  {
    key,
    values,
    admitted,
  }: { readonly key: string; readonly values: readonly string[]; readonly admitted: ReadonlySet<string> },
): void {
  const beyond = values.filter((value) => !admitted.has(value))
  if (beyond.length === 0) return
  const shown = beyond.slice(0, SHOWN).map((value) => JSON.stringify(value))
  context.report({
    code: 'tag-values',
    severity: 'warning',
    scope: accountId,
    message: `The tag ${key} has ${values.length} values, and metrics get ${admitted.size} of them, those known first; functions with one of the others (${shown.join(', ')}${beyond.length > SHOWN ? ', …' : ''}) are collected without it. Every further value makes new series: take ${key} out of object_tags, or raise maxTagValues.`,
  })
}

function reportUnasked(context: RunContext, { accountId, keys }: LinkedTags, { asked }: TagTally): void {
  if (asked === undefined) return
  const unasked = keys.filter(
    (key) => !OBJECT_TAGS.has(key) && !asked.has(key.replace(/^tag_/, '')) && !asked.has(key),
  )
  if (unasked.length === 0) return
  context.report({
    code: 'tag-unasked',
    severity: 'warning',
    scope: accountId,
    message: `object_tags names ${unasked.join(', ')}, which functions do not have as their own and which nobody reads of AWS: name it in resource_tags of collectorConfigs, too.`,
  })
}

/**
 * Which values of linked tags the metrics of an account may have, over all its regions; what is beyond the cap is reported.
 * What was admitted is kept in state, so that a series never loses its tag to a newcomer.
 */
export async function admitTagValues(context: RunContext, linked: LinkedTags): Promise<AdmittedValues> {
  const { keys, maxValues = MAX_VALUES } = linked
  const tally = await tallyTags(context, linked)
  // Nothing is known of any function, and so nothing of what they have.
  if (!tally.isListed) return new Map()
  reportUnasked(context, linked, tally)
  // Written below alone.
  const before = ((await context.load(stateKey(linked))) ?? {}) as Readonly<Record<string, readonly string[]>>
  const formerOf = (key: string) => (Object.hasOwn(before, key) ? before[key] : undefined) ?? []
  const after = Object.fromEntries(
    keys.map((key) => [key, admit(formerOf(key), tally.valuesOf(key), maxValues)]),
  )
  if (JSON.stringify(after) !== JSON.stringify(before)) {
    await context.commit({ points: [], state: { [stateKey(linked)]: after } })
  }
  const admitted = new Map(Object.entries(after).map(([key, values]) => [key, new Set(values)] as const))
  for (const [key, values] of admitted) {
    reportBeyond(context, linked, { key, values: tally.valuesOf(key), admitted: values })
  }
  return admitted
}
