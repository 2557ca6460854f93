import { describe, expect, it, onTestFinished } from 'vitest'
import type { InventoryReport } from '../../simulator/control/inventory-audit.ts'
import { parseFleet } from '../../simulator/fleet-file.ts'
import { startSimulator } from '../../simulator/server.ts'

const SINCE_MS = Date.parse('2026-11-20T12:00:00Z')
const CHANGED_MS = SINCE_MS + 60_000
const NOW_MS = SINCE_MS + 600_000
const NONE = { missing: 0, wrong: 0, extra: 0 }
const PLACE = 'RegionId=us-east-1,account_id=123456789012'

interface Shown {
  readonly name: string
  readonly memoryMb: number
  readonly timeoutSec: number
  readonly tags: Readonly<Record<string, string>>
}

/** Three functions, of which the second was changed, the third deleted, and one that only a truth would write of them. */
async function start() {
  const simulator = await startSimulator({
    latencyMs: 0,
    ...parseFleet({
      functions: 3,
      regions: ['us-east-1'],
      now: new Date(NOW_MS).toISOString(),
      changes: [
        { index: 1, kind: 'memory', memoryMb: 2_048, atMs: CHANGED_MS },
        { index: 1, kind: 'tag', key: 'team', value: 'new', atMs: CHANGED_MS },
        { index: 2, kind: 'delete', atMs: CHANGED_MS },
      ],
    }),
  })
  onTestFinished(() => simulator.close())
  const { accounts } = simulator.control('truth') as {
    readonly accounts: readonly { readonly regions: readonly { readonly functions: readonly Shown[] }[] }[]
  }
  const write = async (category: string, lines: readonly string[]): Promise<void> => {
    const reply = await fetch(`${simulator.url}/v1/write/${category}?precision=ms`, {
      method: 'POST',
      body: lines.join('\n'),
    })
    if (!reply.ok) throw new Error(await reply.text())
  }
  const judge = () =>
    simulator.control('audit/inventory', { sinceMs: SINCE_MS, tags: { team: 'team' } }) as InventoryReport
  return { functions: accounts[0]?.regions[0]?.functions ?? [], write, judge }
}

function escaped(text: string): string {
  return text.replaceAll(/[,= ]/g, String.raw`\$&`)
}

function objectLine({ name, memoryMb, timeoutSec, tags }: Shown, team = tags['team']): string {
  const tag = team === undefined ? '' : `,team=${escaped(team)}`
  return `aws_lambda,name=${name},FunctionName=${name},${PLACE}${tag} MemorySize=${memoryMb},Timeout=${timeoutSec} ${NOW_MS}`
}

function deletedLine({ name }: Shown): string {
  return `aws_lambda,name=${name},FunctionName=${name},${PLACE} State="Deleted" ${NOW_MS}`
}

function eventLine({ name }: Shown, change: string, timeMs: number, after = '{}'): string {
  return `event,class=aws_lambda,change=${change},FunctionName=${name},${PLACE} df_title="t",after=${JSON.stringify(after)} ${timeMs}`
}

describe('the audit of an inventory', () => {
  it('has nothing to say of what is as it is', async () => {
    const { functions, write, judge } = await start()
    const [a, b, c] = functions
    if (a === undefined || b === undefined || c === undefined) throw new Error('no functions')
    await write('custom_object', [objectLine(a), objectLine(b), deletedLine(c)])
    await write('keyevent', [
      eventLine(b, 'changed', CHANGED_MS, '{"MemorySize":"2048"}'),
      eventLine(c, 'deleted', CHANGED_MS + 200_000),
    ])
    expect(judge()).toEqual({
      objects: { expected: 3, ...NONE },
      events: { expected: 2, ...NONE },
      metricTags: { expected: 0, ...NONE },
      samples: [],
    })
  })

  it('misses what is not there', async () => {
    const { judge } = await start()
    expect(judge()).toMatchObject({
      objects: { ...NONE, expected: 3, missing: 3 },
      events: { ...NONE, expected: 2, missing: 2 },
    })
  })

  it('names a wrong setting, tag, time and value, and what is too much', async () => {
    const { functions, write, judge } = await start()
    const [a, b, c] = functions
    if (a === undefined || b === undefined || c === undefined) throw new Error('no functions')
    const stranger = { ...a, name: 'stranger' }
    await write('custom_object', [
      objectLine({ ...a, memoryMb: a.memoryMb + 1 }),
      objectLine(b, 'old'),
      objectLine(c),
      objectLine(stranger),
    ])
    const right = eventLine(b, 'changed', CHANGED_MS, '{"MemorySize":"2048"}')
    await write('keyevent', [
      eventLine(a, 'changed', CHANGED_MS),
      right,
      eventLine(b, 'created', CHANGED_MS + 1),
      eventLine(c, 'deleted', CHANGED_MS - 1),
      eventLine(stranger, 'created', CHANGED_MS),
    ])
    await write('keyevent', [right])
    await write('metric', [
      `aws_AWS/Lambda,Dimensions=FunctionName,FunctionName=${b.name},${PLACE},team=old Invocations_Sum=1 ${NOW_MS}`,
    ])
    expect(judge()).toMatchObject({
      objects: { missing: 0, wrong: 3, extra: 1 },
      events: { missing: 0, wrong: 3, extra: 2 },
      metricTags: { expected: 1, missing: 0, wrong: 1, extra: 0 },
    })
  })
})
