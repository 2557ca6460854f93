import { afterEach, beforeEach, describe } from 'vitest'
import type { Store } from '../../runner/store/store.ts'
import { StoreFixture } from './store-fixture.ts'
import { describeLanes } from './store-lanes.ts'
import { describeLaws } from './store-laws.ts'
import { describeOutbox } from './store-outbox.ts'
import { describeQueue } from './store-queue.ts'
import { describeRecords } from './store-records.ts'
import { describeSettings } from './store-settings.ts'
import { describeUsage } from './store-usage.ts'

/**
 * The store contract in executable form: a store is one when this passes.
 * `openStore` gives an empty store with the bounds asked for.
 */
export function describeStore(
  name: string,
  openStore: (options: { readonly maxOutboxBytes: number; readonly maxStateBytes: number }) => Promise<Store>,
): void {
  describe(`${name} keeps the store contract`, () => {
    let fixture: StoreFixture
    beforeEach(async () => {
      fixture = new StoreFixture(await openStore({ maxOutboxBytes: 100, maxStateBytes: 1_000 }))
    })
    afterEach(() => fixture.store.close())
    for (const describePart of [
      describeSettings,
      describeQueue,
      describeRecords,
      describeOutbox,
      describeLanes,
      describeLaws,
      describeUsage,
    ]) {
      describePart(() => fixture)
    }
  })
}
