import { it } from 'vitest'
import { fuzzAwsReplies } from './fuzz/aws-replies.ts'
it('x', async () => {
  await fuzzAwsReplies(300)
}, 900_000)
