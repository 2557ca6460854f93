import { expect, it } from 'vitest'
import { fuzzSinkReplies } from '../../fuzz/sink-replies.ts'

it('whatever a sink answers is a result with a reason that may be shown', async () => {
  await expect(fuzzSinkReplies(300)).resolves.toBeUndefined()
})
