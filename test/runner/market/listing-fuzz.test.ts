import { expect, it } from 'vitest'
import { fuzzListings } from '../../fuzz/listing.ts'

it('takes a listing, or refuses it by name', async () => {
  await expect(fuzzListings(150)).resolves.toBeUndefined()
})
