import { describe, expect, it } from 'vitest'
import { makeWorld, type World } from './double.ts'
import { BATCH, LANE, RECORD, TRIGGER } from './sample.ts'
import { runScene } from './scene.ts'

/** Sets a window's title, clears the screen, colours by a C1 control, turns the text around, begins a line of its own. */
const NASTY = '\u001b]0;owned\u0007\u001b[2J\u009b31m\u202eevil\u2066\u2028\r\nerror forged line'

/** What a terminal obeys, or what makes a line of a file into two. */
// eslint-disable-next-line no-control-regex -- these are what is looked for
const OBEYED = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/

function poisoned(): World {
  const problem = { code: NASTY, severity: 'error', scope: NASTY, message: NASTY, action: NASTY } as const
  const record = {
    ...RECORD,
    funcId: NASTY,
    problems: [problem],
    exceptionType: NASTY,
    exceptionText: NASTY,
    connector: NASTY,
    endpointUrl: NASTY,
    returnValue: NASTY,
    usage: [{ api: NASTY, requests: 1, billedMetrics: 1 }],
  }
  return Object.assign(makeWorld(), {
    record,
    triggers: [{ ...TRIGGER, title: NASTY, timezone: NASTY }],
    outbox: [{ ...BATCH, reason: NASTY, taskId: NASTY }],
    lanes: [
      { ...LANE, lastError: NASTY },
      { ...LANE, connectorId: NASTY, pressure: 'paused', delivery: 'stopped' },
    ],
    connectors: [{ id: NASTY, config: { type: 'datakit', url: NASTY }, isImplicit: false }],
  })
}

const COMMANDS: readonly (readonly string[])[] = [
  ['task', 'show', 'task-01'],
  ['task', 'list'],
  ['exec', 'guance_aws_lambda'],
  ['status'],
  ['outbox', 'list'],
  ['outbox', 'show', '7'],
  ['trigger', 'list'],
  ['connector', 'list'],
  ['why', 'checkout', NASTY],
  ['market', 'show', NASTY],
  ['task', 'show', NASTY],
]

describe('what others wrote', () => {
  it.each(COMMANDS.map((words) => [JSON.stringify(words).slice(0, 40), words]))(
    'drives no terminal: dff %s',
    async (_title, words) => {
      const { stdout, stderr } = await runScene(words, { world: poisoned() })
      expect(`${stdout}${stderr}`).not.toMatch(OBEYED)
      expect(`${stdout}${stderr}`).toContain('evil')
      expect(stderr).not.toMatch(/^error forged/m)
    },
  )

  it.each(COMMANDS.map((words) => [JSON.stringify(words).slice(0, 40), words]))(
    'is the same text in JSON, without what a terminal obeys: dff %s --json',
    async (_title, words) => {
      const { stdout } = await runScene([...words, '--json'], { world: poisoned() })
      expect(stdout).not.toMatch(OBEYED)
      const documents =
        stdout.startsWith('{\n') || stdout.startsWith('[\n') ? [stdout] : stdout.trim().split('\n')
      const parsed = documents.map((text) => JSON.parse(text) as unknown)
      expect(JSON.stringify(parsed)).toContain('evil')
    },
  )
})
