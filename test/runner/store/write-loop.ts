/** Commits numbered slices as fast as it can and says each number once it is acknowledged; killed by its test. */
import { writeSync } from 'node:fs'
import { openSqliteStore } from '../../../runner/store/sqlite/open.ts'
import type { Json } from '../../../core/json.ts'

const [path = '', taskId = ''] = process.argv.slice(2)
const store = await openSqliteStore(path)
await store.queue.enqueueOnce({
  id: taskId,
  funcId: taskId,
  triggerId: null,
  origin: 'direct',
  tickMs: null,
  triggerTimeMs: 0,
  expiresAtMs: Number.MAX_SAFE_INTEGER,
  isDebug: false,
  connector: 'default',
  endpointUrl: null,
})
const claim = await store.queue.claim(taskId, 0, Number.MAX_SAFE_INTEGER)
if (claim.kind !== 'claimed') throw new Error(`the task is ${claim.kind}`)
for (let index = 1; ; index += 1) {
  const body = new TextEncoder().encode(`${taskId} ${index}`)
  const state: Record<string, Json> = { [taskId]: index }
  const result = await store.commit({
    lease: { taskId, fence: claim.fence },
    nowMs: index,
    scriptId: 'startup__loop',
    connectorId: taskId,
    batches: [{ category: 'metric', points: 1, rawBytes: body.byteLength, body, contents: [] }],
    state,
    usage: [],
  })
  if (result.kind !== 'committed') throw new Error(result.kind)
  // Synchronous, so that nothing acknowledged is still in a buffer of the process when it dies.
  writeSync(1, `${index}\n`)
}
