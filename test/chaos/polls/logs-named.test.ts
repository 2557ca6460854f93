import { describe, expect, it } from 'vitest'
import { LogPoller, MINUTE_MS, START_MS } from '../../scripts/logs-fixture.ts'

/** A function that has written something. */
function firstWriter(poller: LogPoller): string {
  const name = poller.logs().flatMap(({ tags }) => tags['FunctionName'] ?? [])[0]
  if (name === undefined) throw new Error('nobody has written anything')
  return name
}

describe('groups of logs', () => {
  it('that are excluded later are not read on', async () => {
    await using poller = await LogPoller.start({ functions: 6 })
    await poller.poll(START_MS)
    const name = firstWriter(poller)
    poller.configs = { auto: { regions: ['us-east-1'], functions: ['NOT', name] } }
    await poller.pollAll(START_MS + 5 * MINUTE_MS, START_MS + 20 * MINUTE_MS)
    const later = poller.logs().filter(({ timeMs }) => timeMs > START_MS + MINUTE_MS)
    expect(later.length).toBeGreaterThan(0)
    expect(later.filter(({ tags }) => tags['FunctionName'] === name)).toEqual([])
  }, 60_000)

  it('that are named by ARN beside auto come once', async () => {
    await using first = await LogPoller.start({ functions: 4 })
    await first.poll(START_MS)
    const arn = `arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/${firstWriter(first)}:*`
    await using poller = await LogPoller.start({ functions: 4 })
    poller.configs = {
      auto: { regions: ['us-east-1'] },
      log_groups: [{ region_id: 'us-east-1', targets: [{ log_group_name: arn }] }],
    }
    await poller.poll(START_MS)
    const ids = poller.logs().map(({ fields }) => fields['event_id'])
    expect(ids.length).toBeGreaterThan(10)
    expect(new Set(ids).size).toBe(ids.length)
  }, 60_000)

  it('of which most are refused are read all the same where one is allowed', async () => {
    await using poller = await LogPoller.start({ functions: 70, active: 0.9 })
    const busy = poller.truth(START_MS - 30 * MINUTE_MS, START_MS).map(({ functionName }) => functionName)
    const names = [...new Set(busy)].toSorted()
    const allowed = names.at(-1) ?? ''
    const refused = names.filter((name) => name !== allowed)
    expect(refused.length).toBeGreaterThan(25)
    poller.aws.simulator.control('iam', {
      user: {
        Statement: [
          { Effect: 'Allow', Action: '*', Resource: '*' },
          ...refused.map((name) => ({
            Effect: 'Deny',
            Action: 'logs:FilterLogEvents',
            Resource: `arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/${name}:*`,
          })),
        ],
      },
    })
    for (let poll = 0; poll < 3; poll += 1) {
      // Refusals of others may fail the task; what the allowed one gave is committed.
      await poller.poll(START_MS + poll * 5 * MINUTE_MS).catch(() => undefined)
    }
    expect(poller.logs().some(({ tags }) => tags['FunctionName'] === allowed)).toBe(true)
  }, 60_000)
})
