import type { LookupAddress } from 'node:dns'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { openDatakitSink } from '../../../runner/sink/datakit.ts'
import type { SendResult } from '../../../runner/sink/sink.ts'
import { type Loopback, openLoopback } from './loopback.ts'

/** What the name resolves to; DNS is the fault that is injected here. */
const dns = vi.hoisted(() => ({ addresses: [] as LookupAddress[] }))

vi.mock('node:dns', async (importOriginal) => ({
  ...(await importOriginal<object>()),
  lookup: (_name: string, _options: object, callback: (error: null, found: LookupAddress[]) => void) =>
    callback(null, dns.addresses),
}))

let server: Loopback
beforeEach(async () => {
  server = await openLoopback()
})
afterEach(() => server.close())

async function send(...addresses: string[]): Promise<SendResult> {
  dns.addresses = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
  const sink = await openDatakitSink(server.url.replace('127.0.0.1', 'datakit.test'))
  const body = gzipSync('m f=1 1')
  const result = await sink.send(
    { batchId: 1, category: 'metric', points: 1, body },
    AbortSignal.timeout(20_000),
  )
  await sink.close()
  return result
}

describe('a name that resolves', () => {
  it('to loopback is connected to', async () => {
    expect(await send('127.0.0.1')).toEqual({ kind: 'accepted' })
  })

  it.each(['169.254.169.254', '::ffff:169.254.169.254', '8.8.8.8'])(
    'to %s meanwhile is refused before a connection is made',
    async (address) => {
      const result = await send('127.0.0.1', address)
      expect(result).toMatchObject({ kind: 'stopped', reason: expect.stringContaining(address) })
      expect(server.seen).toEqual([])
    },
  )
})
