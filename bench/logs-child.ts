/** The process of the pipeline of logs, under the limits of a task; answers with what it measured, and ends. */
import { resolveSets } from './resolve-sets.ts'

resolveSets()
// Behind the hook: what it imports are sets.
const { measurePipeline } = await import('./logs-pipeline.ts')
const figures = await measurePipeline()
process.send?.(figures, () => {
  if (process.connected) process.disconnect()
})
