import { describe, expect, it } from 'vitest'
import { runHostile, makeHostile, SHORT } from './hostile-set.ts'
import { isAlive, runTask } from './task-run.ts'

describe('a set that prints', () => {
  const secretAccessKey = 'wJalr/XUtn+FEMI/K7MDENG=='

  it('cannot show the secrets that it was given, in any spelling, wherever they turn up', async () => {
    const session = {
      accountId: '1',
      arn: 'a',
      partition: 'aws',
      accessKeyId: 'ASIAX',
      secretAccessKey,
      sessionToken: 'tok+en/value',
    }
    const ran = await runHostile(
      `const { secretAccessKey: key, sessionToken: token } = await context.credentials({})
      console.log(key, JSON.stringify({ key }), encodeURIComponent(key), token)
      process.stderr.write(key.slice(0, 9)); process.stderr.write(key.slice(9) + '\\n')
      console.log('x'.repeat(2990) + key)
      console.log('POST https://host/v1/write/metric?token=tkn_0123456789&x=1')
      context.report({ code: 'c', severity: 'error', scope: key, message: 'used ' + token })
      const error = new Error('refused ' + key); error.name = token
      throw error`,
      { onRequest: () => Promise.resolve(session), secretsInUse: () => ['another-secret'] },
    )
    const everything = JSON.stringify(ran)
    for (const part of ['wJalr', 'K7MDENG', 'tok+en', 'tok%2B', 'tkn_0123'])
      expect(everything).not.toContain(part)
    expect(ran.lines).toContain('***** {"key":"*****"} ***** *****')
    expect(ran.lines).toContain('*****')
    expect(ran.lines).toContain('POST https://host/v1/write/metric?token=*****&x=1')
    expect(ran.problems).toMatchObject([{ scope: '*****', message: 'used *****' }])
  })

  it('shows no part of a secret that a library cut off or that is cut here', async () => {
    const session = { accountId: '1', arn: 'a', partition: 'aws', accessKeyId: 'A', secretAccessKey }
    for (const [before, what] of [
      [490, 'an error'],
      [3_995, 'a part of an error'],
      [1_995, 'a problem'],
    ] as const) {
      const ran = await runHostile(
        `const { secretAccessKey: key } = await context.credentials({})
        const text = 'x'.repeat(${before}) + key + 'y'.repeat(50)
        context.report({ code: 'c', severity: 'error', scope: 's', message: text })
        const error = new Error(text)
        error.stack = 'z'.repeat(31_995 - ${before}) + text
        throw error`,
        { onRequest: () => Promise.resolve(session) },
      )
      expect(`${what}: ${JSON.stringify(ran)}`).not.toMatch(/wJal|K7MD/)
    }
  })

  it('cannot hand a secret back as its result', async () => {
    const ran = await runHostile(
      `return { list: ['key ' + (await context.credentials({})).secretAccessKey] }`,
      {
        onRequest: () =>
          Promise.resolve({ accountId: '1', arn: 'a', partition: 'aws', accessKeyId: 'A', secretAccessKey }),
      },
    )
    expect(ran.outcome).toMatchObject({ value: { returnValue: { list: ['key *****'] } } })
  })

  it('leaves the first 20,000 and the last 30,000 characters of five megabytes', async () => {
    const ran = await runHostile(
      'for (let i = 0; i < 100_000; i += 1) console.log(`line ${i} ${"x".repeat(40)}`)',
    )
    expect(ran.outcome.kind).toBe('done')
    const text = ran.lines.join('\n')
    expect(text.length).toBeGreaterThan(49_500)
    expect(text.length).toBeLessThan(50_200)
    expect(ran.lines[0]).toMatch(/^line 0 x/)
    expect(ran.lines.at(-1)).toMatch(/^line 99999 x/)
    expect(
      ran.lines.filter((line) => /^… \d+ lines \(\d+ characters\) left out here …$/.test(line)),
    ).toHaveLength(1)
  })

  it.each([
    ['in lines', String.raw`const text = 'x'.repeat(1023) + '\n'`],
    ['in one line', `const text = 'x'.repeat(4096)`],
  ])(
    'takes little of the host although it prints a gigabyte %s',
    async (_title, text) => {
      const before = process.memoryUsage().rss
      let peak = before
      const sampler = setInterval(() => {
        peak = Math.max(peak, process.memoryUsage().rss)
      }, 50)
      const body = `${text}
        const chunk = Buffer.from(text.repeat(256))
        for (let i = 0; i < 1024; i += 1) await new Promise((done) => process.stdout.write(chunk, done))`
      const ran = await runHostile(body).finally(() => clearInterval(sampler))
      expect(ran.outcome.kind).toBe('done')
      expect(ran.lines.join('\n').length).toBeLessThan(51_000)
      expect(ran.lines.some((line) => /left out here …$|line of 1073741824 characters cut/.test(line))).toBe(
        true,
      )
      expect(peak - before).toBeLessThan(200e6)
    },
    120_000,
  )

  it('is ended at its deadline although it prints for ever', async () => {
    const home = await makeHostile(`for (;;) console.log('x'.repeat(1000))`, '{ timeout: 1 }')
    const ran = await runTask(home, { limits: SHORT })
    expect(ran.outcome.kind).toBe('timeout')
    expect(ran.lines.join('\n').length).toBeLessThan(51_000)
    expect(isAlive(ran.pid)).toBe(false)
  })
})
