import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { CloudWatchClient, ListMetricsCommand } from '@aws-sdk/client-cloudwatch'
import { describe, expect, it, onTestFinished } from 'vitest'
import { limitReply, type ReplyLimits } from '../../scripts/guance_integration/reply-limit.ts'
import { readList, readToken } from '../../scripts/guance_integration/reply.ts'
import { fuzzAwsReplies } from '../fuzz/aws-replies.ts'
import { PATIENCE } from '../patience.ts'

describe('replies of AWS', () => {
  it('of any other shape than asked for end in problems with a name', async () => {
    await expect(fuzzAwsReplies(15)).resolves.toBeUndefined()
  })

  it.each([
    ['nothing', undefined],
    ['a text', 'functions'],
    ['an object', {}],
    ['a list with nothing in it', [null]],
    ['a list of lists', [[]]],
    ['an item whose name is a number', [{ Name: 5 }]],
  ])('with %s where a list belongs cannot be read', (_title, value) => {
    expect(() => readList(value, 'names', ['Name'] as never[])).toThrow(SyntaxError)
  })

  it('cannot name a next page by what cannot be sent back', () => {
    expect(() => readToken('\uD800', undefined)).toThrow('no text')
  })

  it('may leave a text out, and end with no token, an empty one or null', () => {
    expect(readList([{ Name: null }, {}, { Name: 'a' }], 'names', ['Name'] as never[])).toHaveLength(3)
    const tokens = [undefined, null, '', 'x'].map((token) => readToken(token, 'w'))
    expect(tokens).toEqual([undefined, undefined, undefined, 'x'])
    expect(() => readToken({}, undefined)).toThrow(SyntaxError)
    expect(() => readToken('x', 'x')).toThrow(/names itself as the next page/)
  })
})

describe('a reply that', () => {
  /** A client of a server that begins a reply and then does this with it, again and again. */
  async function listWith(behave: (response: ServerResponse) => void, limits: ReplyLimits): Promise<unknown> {
    const timers = new Set<NodeJS.Timeout>()
    let open = 0
    const server = createServer((_request, response) => {
      open += 1
      response.on('close', () => (open -= 1))
      response.writeHead(200, { 'content-type': 'application/x-amz-json-1.0' })
      timers.add(setInterval(() => response.destroyed || behave(response), 5))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const client = new CloudWatchClient({
      region: 'us-east-1',
      endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
      maxAttempts: 1,
    })
    client.middlewareStack.addRelativeTo(limitReply(limits), {
      relation: 'after',
      toMiddleware: 'deserializerMiddleware',
      name: 'limitReply',
    })
    onTestFinished(async () => {
      for (const timer of timers) clearInterval(timer)
      client.destroy()
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    })
    const failure = await client.send(new ListMetricsCommand({})).then(
      () => 'it was believed',
      (thrown: unknown) => thrown,
    )
    // The connection of whoever goes on is closed.
    await expect.poll(() => open, PATIENCE).toBe(0)
    return failure
  }

  it('drips is given up after its time', async () => {
    const failure = await listWith((response) => response.write(' '), { maxBytes: 1e6, deadlineMs: 200 })
    expect(failure).toMatchObject({
      name: 'TimeoutError',
      message: expect.stringContaining('the reply did not end within 0.2 s') as string,
    })
  })

  it('has no end is given up after its size', async () => {
    const failure = await listWith((response) => response.write(' '.repeat(10_000)), {
      maxBytes: 100_000,
      deadlineMs: 20_000,
    })
    expect(failure).toMatchObject({
      name: 'SyntaxError',
      message: expect.stringContaining('the reply is longer than 100000 bytes') as string,
    })
  })
})
