import { describe, expect, it } from 'vitest'
import { expectGolden } from '../../golden.ts'
import { goldenFile, runScene } from './scene.ts'

const COMMANDS = [
  '',
  'market',
  'market list',
  'market show',
  'install',
  'deploy',
  'trigger',
  'trigger list',
  'trigger enable',
  'trigger disable',
  'trigger pause',
  'trigger resume',
  'trigger set',
  'plan',
  'exec',
  'task',
  'task list',
  'task show',
  'log',
  'start',
  'status',
  'secret',
  'secret set',
  'secret list',
  'secret rotate-key',
  'secret rm',
  'connector',
  'connector set',
  'connector list',
  'connector rm',
  'connector test',
  'outbox',
  'outbox list',
  'outbox show',
  'outbox retry',
  'outbox drop',
  'backup',
  'restore',
  'doctor',
  'policy',
  'verify',
  'why',
  'demo',
]

describe('help', () => {
  it.each(COMMANDS)('of dff %s is its golden text, on stdout, with exit code 0', async (command) => {
    const words = command === '' ? [] : command.split(' ')
    const { code, stdout, stderr } = await runScene([...words, '--help'])
    expectGolden(stdout, goldenFile(`help-${['dff', ...words].join('-')}`))
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  })

  it('lists every command of the program, so that none is without a golden text', async () => {
    const { stdout } = await runScene(['--help'])
    const listed = [...stdout.matchAll(/^ {2}([a-z]+)(?: \[options\])?(?: [<[][\w.]+[>\]])* {2,}/gm)].map(
      (match) => match[1],
    )
    const known = new Set(COMMANDS.map((command) => command.split(' ')[0]).filter((name) => name !== ''))
    expect(new Set(listed)).toEqual(known)
  })

  it('is shown on stderr with exit code 2 for a command group without a command', async () => {
    const { code, stdout, stderr } = await runScene(['trigger'])
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain('Usage: dff trigger')
  })
})
