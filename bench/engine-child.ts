/** The process of one engine job: takes it as a message, answers with what it measured, and ends. */
import { once } from 'node:events'
import type { EngineJob, JobReply } from './engine-job.ts'
import { runEngine } from './engine-run.ts'

const [job] = (await once(process, 'message')) as [EngineJob]
const reply = await runEngine(job).then(
  (run): JobReply => ({ kind: 'done', run }),
  (error: unknown): JobReply => ({
    kind: 'failed',
    text: error instanceof Error ? (error.stack ?? error.message) : String(error),
  }),
)
process.send?.(reply, () => {
  // Whoever asked may have been stopped meanwhile, which closed the channel.
  if (process.connected) process.disconnect()
})
