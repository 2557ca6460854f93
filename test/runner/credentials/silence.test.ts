import { createServer } from 'node:http'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { PATIENCE } from '../../patience.ts'
import { control, countRequests, keysAccount, listen, openBroker, refusal, stopClock } from './open-broker.ts'

const MINUTE_MS = 60_000

describe('an STS that does not answer', () => {
  it('is not waited for without end when the answer drips', async () => {
    const timers = new Set<NodeJS.Timeout>()
    onTestFinished(() => {
      for (const timer of timers) clearInterval(timer)
    })
    const url = await listen(
      createServer((_request, response) => {
        response.writeHead(200, { 'content-type': 'text/xml' })
        timers.add(setInterval(() => response.destroyed || response.write(' '), 5))
      }),
    )
    const broker = openBroker({ env: { AWS_ENDPOINT_URL: url }, stsLimitMs: 300 })
    const error = await refusal(broker.session('startup__a', keysAccount()))
    expect(error).toMatchObject({ code: 'AWS_UNREACHABLE' })
    expect(error.message).toContain('expected credentials from AWS STS within 0.3 s, got no whole answer')
  })

  it('is not waited for again for two minutes, whoever asks; then STS is asked anew', async () => {
    let nowMs = 0
    let requests = 0
    const url = await listen(
      createServer(() => {
        requests += 1
        // So long has it said nothing.
        nowMs += 90_000
      }),
    )
    const broker = openBroker({ env: { AWS_ENDPOINT_URL: url }, stsLimitMs: 300, now: () => nowMs })
    const ask = async () => refusal(broker.session('startup__a', keysAccount()))
    const error = await ask()
    expect(error.message).toContain('it is asked again after 2 minutes')
    nowMs += 2 * MINUTE_MS - 1
    expect(await ask()).toBe(error)
    expect(requests).toBe(1)
    nowMs += 1
    expect((await ask()).code).toBe('AWS_UNREACHABLE')
    expect(requests).toBe(2)
    // A clock that was set back makes it no longer.
    nowMs -= 60 * MINUTE_MS
    await ask()
    expect(requests).toBe(3)
  })

  it('is asked again at once where the connection was cut in no time', async () => {
    let requests = 0
    const url = await listen(
      createServer((request) => {
        requests += 1
        request.socket.destroy()
      }),
    )
    const nowMs = stopClock()
    const broker = openBroker({ env: { AWS_ENDPOINT_URL: url }, now: () => nowMs })
    expect((await refusal(broker.session('startup__a', keysAccount()))).code).toBe('AWS_UNREACHABLE')
    const before = requests
    await refusal(broker.session('startup__a', keysAccount()))
    expect(requests).toBeGreaterThan(before)
  })

  it('is not waited for when the host leaves', async () => {
    await control('faults', { api: 'sts:GetCallerIdentity', kind: 'hang', times: 1 })
    const before = (await countRequests())['sts:GetCallerIdentity'] ?? 0
    const broker = openBroker()
    const opening = refusal(broker.session('startup__a', keysAccount()))
    await vi.waitFor(
      async () => expect((await countRequests())['sts:GetCallerIdentity']).toBeGreaterThan(before),
      PATIENCE,
    )
    await broker.close()
    expect((await opening).message).toMatch(/one that is ending/)
  })
})
