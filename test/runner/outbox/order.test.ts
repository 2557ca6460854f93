import { expect, it } from 'vitest'
import { fuzzDeliveryOrder } from '../../fuzz/delivery-order.ts'

it('loses nothing and lets nothing overtake, however the sink fails', async () => {
  await expect(fuzzDeliveryOrder(20)).resolves.toBeUndefined()
})
