/** Listings that are broken, old, or made to do harm. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect } from 'vitest'
import { DffError } from '../../core/error.ts'
import { homePaths } from '../../runner/home.ts'
import { writeGeneration } from '../../runner/market/folder.ts'
import { findListed, orderRequired, readListing } from '../../runner/market/listing.ts'
import { writeMarket } from '../runner/host/fixture.ts'
import { mutate, mutation, nastyJson } from './nasty-json.ts'

const CODES: readonly string[] = ['LISTING_INVALID', 'DIGEST_MISMATCH', 'UNKNOWN_SET', 'HOME_UNUSABLE']

/** What install does with a listing before anything is stored. */
async function use(marketRoot: string, home: string): Promise<void> {
  const listing = await readListing(marketRoot)
  for (const { manifest } of listing.sets) {
    for (const listed of orderRequired(listing, manifest.id)) {
      await writeGeneration(homePaths(home), marketRoot, listed)
    }
  }
  findListed(listing, 'demo_set')
}

const broken: fc.Arbitrary<(text: string) => string> = fc.oneof(
  {
    weight: 6,
    arbitrary: mutation.map(
      (change) => (text: string) => JSON.stringify(mutate(JSON.parse(text), change)) ?? '',
    ),
  },
  nastyJson.map((value) => () => JSON.stringify(value) ?? ''),
  fc.string().map((value) => () => value),
  fc
    .double({ min: 0, max: 1, noNaN: true })
    .map((share) => (text: string) => text.slice(0, Math.floor(text.length * share))),
  fc
    .constantFrom('../../x', '/etc/passwd', 'a/../../b', 'main.ts\u0000', '.\\x')
    .map((path) => (text: string) => text.replace('"main.ts"', JSON.stringify(path))),
  fc.constant((text: string) => text.replace('"demo_base"', '"demo_set"')),
)

/** Uses listings as install would; each is taken, or refused by name with nothing outside the home touched. */
export async function fuzzListings(runs: number): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'dff-listing-'))
  const market = join(root, 'market')
  writeMarket(market)
  const path = join(market, 'marketplace.json')
  const right = readFileSync(path, 'utf8')
  const outside = (): string[] => readdirSync(root).toSorted()
  try {
    await use(market, join(root, 'home'))
    const before = outside()
    await fc.assert(
      fc.asyncProperty(broken, async (breakIt) => {
        writeFileSync(path, breakIt(right))
        const error = await use(market, join(root, 'home')).then(
          () => undefined,
          (thrown: unknown) => thrown,
        )
        if (error !== undefined) {
          expect(error).toBeInstanceOf(DffError)
          expect(CODES).toContain((error as DffError).code)
        }
        expect(outside()).toEqual(before)
      }),
      { numRuns: runs },
    )
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}
