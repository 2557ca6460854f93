/** Sends one batch to the DataKit at argv[2] and prints the result: a process of its own, because Node reads NODE_EXTRA_CA_CERTS at its start. */
import { gzipSync } from 'node:zlib'
import { openDatakitSink } from '../../../runner/sink/datakit.ts'

const sink = await openDatakitSink(process.argv[2] ?? '')
const batch = { batchId: 1, category: 'metric', points: 1, body: gzipSync('m f=1 1') } as const
process.stdout.write(JSON.stringify(await sink.send(batch, AbortSignal.timeout(10_000))))
await sink.close()
