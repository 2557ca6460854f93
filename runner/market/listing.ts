import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { closestName } from '../../core/closest.ts'
import { DffError } from '../../core/error.ts'
import { validate } from '../../core/parameters.ts'
import type { ListedSet, Listing } from '../../core/schema-types.generated.ts'

function listingInvalid(place: string, expected: string, got: string): DffError {
  return new DffError({
    code: 'LISTING_INVALID',
    place,
    expected,
    got,
    remedy: 'Reinstall the package; when you change sets yourself, run npm run gen.',
  })
}

/** Reads and checks `marketplace.json` of a market's root folder; throws LISTING_INVALID. */
export async function readListing(marketRoot: string): Promise<Listing> {
  const path = join(marketRoot, 'marketplace.json')
  try {
    return validate('marketplace', JSON.parse(await readFile(path, 'utf8')) as unknown, path)
  } catch (error) {
    if (error instanceof DffError)
      throw listingInvalid(error.parts.place, error.parts.expected, error.parts.got)
    throw listingInvalid(path, 'a readable listing', error instanceof Error ? error.message : String(error))
  }
}

/** The id of the set that has this name: its own, or one of its aliases; the name itself when none has. */
export function resolveAlias(listing: Listing, name: string): string {
  const manifests = listing.sets.map(({ manifest }) => manifest)
  if (manifests.some(({ id }) => id === name)) return name
  return manifests.find(({ aliases = [] }) => aliases.includes(name))?.id ?? name
}

/** The listed set of this id or alias; throws UNKNOWN_SET with the nearest name. */
export function findListed(listing: Listing, setId: string): ListedSet {
  const id = resolveAlias(listing, setId)
  const found = listing.sets.find((set) => set.manifest.id === id)
  if (found !== undefined) return found
  const known = listing.sets.map((set) => set.manifest.id)
  const aliases = listing.sets.flatMap((set) => set.manifest.aliases ?? [])
  const near = closestName(setId, [...known, ...aliases])
  throw new DffError({
    code: 'UNKNOWN_SET',
    place: 'set',
    expected: `one of ${known.join(', ')}`,
    got: setId === '' ? 'an empty name' : setId,
    remedy: near === undefined ? 'See dff market list.' : `Did you mean ${near}?`,
  })
}

/** A set with everything it requires, requirements first; throws LISTING_INVALID for a cycle or a missing set. */
export function orderRequired(listing: Listing, setId: string): ListedSet[] {
  const ordered: ListedSet[] = []
  const visit = (listed: ListedSet, trail: readonly string[]): void => {
    const { id, requires } = listed.manifest
    if (trail.includes(id)) {
      throw listingInvalid(
        `listing: ${id}`,
        'sets that do not require themselves',
        [...trail, id].join(' → '),
      )
    }
    if (ordered.includes(listed)) return
    for (const required of requires) {
      const next = listing.sets.find((set) => set.manifest.id === required)
      if (next === undefined)
        throw listingInvalid(`listing: ${id}`, `the required set ${required}`, 'nothing')
      visit(next, [...trail, id])
    }
    ordered.push(listed)
  }
  visit(findListed(listing, setId), [])
  return ordered
}
