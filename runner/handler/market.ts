import { deploySet } from '../deploy/deploy.ts'
import type { HostHandlers } from '../host-api.ts'
import type { MarketEntry, MarketRow } from '../host-report.ts'
import type { HostParts } from '../host-parts.ts'
import { installSet } from '../market/install.ts'
import { findListed, readListing, resolveAlias } from '../market/listing.ts'
import type { ListedSet } from '../../core/schema-types.generated.ts'
import type { InstalledSet } from '../store/store.ts'

function toRow(listed: ListedSet, installed: InstalledSet | undefined): MarketRow {
  return {
    manifest: listed.manifest,
    digest: listed.digest,
    installedVersion: installed?.version ?? null,
    isUpdateWaiting: installed !== undefined && installed.digest !== listed.digest,
  }
}

function toEntry(listed: ListedSet, installed: InstalledSet | undefined): MarketEntry {
  // The listing was checked to hold JSON of this shape; its own type says only "object".
  const parameters = (listed.parameters ?? null) as MarketEntry['parameters']
  return { ...toRow(listed, installed), parameters, files: listed.files }
}

/** The listing, and what installs and deploys its sets. */
export function makeMarketHandlers(
  parts: HostParts,
): Pick<HostHandlers, 'market.list' | 'market.show' | 'install' | 'deploy'> {
  return {
    'market.list': async () => {
      const { sets } = await readListing(parts.marketRoot)
      const installed = new Map((await parts.store.sets.list()).map((set) => [set.setId, set]))
      return sets.map((listed) => toRow(listed, installed.get(listed.manifest.id)))
    },
    'market.show': async ({ setId }) => {
      const listed = findListed(await readListing(parts.marketRoot), setId)
      return toEntry(listed, await parts.store.sets.get(listed.manifest.id))
    },
    install: (input) => installSet(parts, { ...input, grant: input.grant === true }),
    deploy: async (input, _onEvent, signal) => {
      // What is installed need not be listed any more, and then has no alias.
      const listing = await readListing(parts.marketRoot).catch(() => undefined)
      const setId = listing === undefined ? input.setId : resolveAlias(listing, input.setId)
      return deploySet(parts, { ...input, setId }, signal)
    },
  }
}
