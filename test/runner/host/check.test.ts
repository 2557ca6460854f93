import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openClient } from '../../../runner/client.ts'
import type { CheckReport, FormValues, HostClient } from '../../../runner/host-api.ts'
import { type Ground, makeGround } from './fixture.ts'

const EXEC = { target: 'demo_set', atMs: null, debug: false } as const

let ground: Ground
let client: HostClient

async function deploy(parameters: FormValues): Promise<void> {
  await client.call('install', { setId: 'demo_set', parameters, force: false })
  await client.call('deploy', { setId: 'demo_set', force: true })
}

function statuses(report: CheckReport): Record<string, string> {
  return Object.fromEntries(report.checks.map((check) => [check.id, check.status]))
}

beforeEach(async () => {
  ground = makeGround()
  client = await openClient(ground.home, { command: 'test', marketRoot: ground.marketRoot })
})

afterEach(async () => {
  await client.close()
  ground.remove()
})

describe('why', () => {
  it('asks the deployed scripts in a task process, from state alone', async () => {
    await deploy({ names: ['a', 'b c'] })
    await client.call('exec', EXEC)
    const facts = [
      { label: 'runs', value: '1' },
      { label: 'rewrite', value: 'last' },
    ]
    const ask = { target: null, name: 'b c', metric: null }
    expect(await client.call('why', ask)).toEqual([{ title: 'b c all metrics', facts }])
    expect(await client.call('why', { target: 'demo_set', name: 'a', metric: 'Errors' })).toEqual([
      { title: 'a Errors', facts },
    ])
    expect(await client.call('why', { ...ask, name: 'unheard of' })).toEqual([])
    expect(await client.call('task.list', { limit: 10, funcId: null, status: null })).toHaveLength(1)
  })
})

describe('connector test --rewrite', () => {
  it('finds by experiment that the last line of a file counts, and leaves nothing behind', async () => {
    const report = await client.call('connector.test', { id: 'default', rewrite: true, save: true })
    expect(report).toMatchObject({ found: { rewrite: 'last', mergesFields: false }, isSaved: false })
    expect(report.checks.at(-1)).toMatchObject({ id: 'connector.rewrite', status: 'ok' })
    expect(readdirSync(join(ground.home, '.dff/output'))).toEqual([])
  })
})

describe('verify', () => {
  it('holds once everything arrived, with numbers as evidence', async () => {
    await deploy({ names: ['a', 'b'] })
    await client.call('exec', EXEC)
    const report = await client.call('verify', { setId: 'demo_set' })
    expect(statuses(report)).toEqual({
      'verify.trigger.cron-startup-demo_set': 'ok',
      'verify.tasks.startup__demo_set.run': 'ok',
      'verify.objects.demo_object': 'ok',
      'verify.metrics.demo': 'ok',
      'verify.dead': 'ok',
    })
    expect(report.checks[2]?.detail).toContain('2 of 2 objects acknowledged, 2 points')
  })

  it('fails before anything ran, and says what to type', async () => {
    await deploy({ names: ['a'] })
    const report = await client.call('verify', { setId: 'demo_set' })
    expect(statuses(report)).toMatchObject({
      'verify.tasks.startup__demo_set.run': 'failed',
      'verify.objects.demo_object': 'failed',
      'verify.metrics.demo': 'failed',
    })
    expect(report.checks[1]).toMatchObject({
      detail: 'no task has run yet',
      remedy: 'Type dff exec demo_set.',
    })
  })

  it('names the object that is missing and the trigger that is disabled', async () => {
    await deploy({ names: ['a'] })
    await client.call('exec', EXEC)
    await client.call('trigger.enable', { triggerId: 'cron-startup-demo_set', isEnabled: false })
    const path = join(ground.home, 'startup/demo_set.ts')
    writeFileSync(path, readFileSync(path, 'utf8').replace("['a']", "['a', 'late']"))
    const report = await client.call('verify', { setId: 'demo_set' })
    expect(statuses(report)).toMatchObject({
      'verify.trigger.cron-startup-demo_set': 'failed',
      'verify.objects.demo_object': 'failed',
      'verify.metrics.demo': 'ok',
    })
    expect(report.checks[2]?.detail).toContain('missing: late')
  })

  it('warns when no object is known, in the words of the set', async () => {
    await deploy({ names: ['a'] })
    await client.call('exec', EXEC)
    const path = join(ground.home, 'startup/demo_set.ts')
    writeFileSync(path, readFileSync(path, 'utf8').replace("['a']", '[]'))
    const report = await client.call('verify', { setId: 'demo_set' })
    expect(report.checks[2]).toMatchObject({
      id: 'verify.objects.demo_object',
      status: 'warning',
      detail: 'No demo is known.',
    })
  })

  it('fails after a task that failed', async () => {
    await deploy({ names: ['a'], label: 'fail' })
    const { record } = await client.call('exec', EXEC)
    const report = await client.call('verify', { setId: 'demo_set' })
    expect(report.checks[1]).toMatchObject({ status: 'failed', remedy: `Type dff task show ${record.id}.` })
  })
})

describe('policy', () => {
  const ask = { setIds: [], partition: null }

  it('asks the deployed scripts in a task process what AWS must allow', async () => {
    expect(await client.call('policy', ask)).toEqual([])
    await deploy({ names: ['Read', 'List'] })
    const [report] = await client.call('policy', { ...ask, setIds: ['demo_set'] })
    expect(report).toMatchObject({ account: 'key A', partition: 'aws', gives: { 'demo:List': 'List' } })
    expect(report?.policy.Statement[0]?.Action).toEqual(['demo:List', 'demo:Read'])
  })

  it('takes nothing from a script that could make another policy of it, and no partition that is none', async () => {
    await deploy({ names: ['a'], label: 'hostile' })
    await expect(client.call('policy', ask)).rejects.toMatchObject({ code: 'ISOLATION' })
    await expect(client.call('policy', { ...ask, partition: 'aws-mars' })).rejects.toMatchObject({
      code: 'BAD_PARAMETER',
      parts: { expected: 'one of aws, aws-cn, aws-eusc, aws-us-gov' },
    })
  })
})

describe('doctor', () => {
  it('examines the host, the connector and what each set says of itself', async () => {
    await deploy({ names: ['a'], token: 'a-token-of-demo' })
    const reports = await client.call('doctor', { setId: null })
    expect(reports.map((report) => report.target)).toEqual(['host', 'connector default', 'demo_set'])
    expect(statuses(reports[0] ?? { target: '', checks: [] })).toMatchObject({
      'host.node': 'ok',
      'host.clock': 'ok',
      'host.secrets': 'ok',
    })
    expect(statuses(reports[2] ?? { target: '', checks: [] })).toEqual({
      'startup.secret.demo_set.token': 'ok',
      demo: 'ok',
    })
  })

  it('names a secret that is gone and a key that does not fit', async () => {
    await deploy({ names: ['a'], token: 'a-token-of-demo' })
    await client.call('secret.set', { name: 'other', value: 'another value', grantTo: null })
    await client.call('secret.remove', { name: 'demo_set.token' })
    await client.close()
    writeFileSync(join(ground.home, '.dff/key'), Buffer.alloc(32, 7))
    client = await openClient(ground.home, { command: 'test', marketRoot: ground.marketRoot })
    const [host, , set] = await client.call('doctor', { setId: 'demo_set' })
    expect(host?.checks).toContainEqual(
      expect.objectContaining({ id: 'host.secret.other', status: 'failed' }),
    )
    expect(set?.checks[0]).toMatchObject({ id: 'startup.secret.demo_set.token', status: 'failed' })
    expect(set?.checks[0]?.remedy).toContain('dff secret set demo_set.token')
  })

  it('shows why a Startup script does not load', async () => {
    await deploy({ names: ['a'] })
    writeFileSync(join(ground.home, 'startup/demo_set.ts'), 'export const run = = 1\n')
    const [, , set] = await client.call('doctor', { setId: 'demo_set' })
    expect(set?.checks[0]).toMatchObject({ id: 'startup.run', status: 'failed' })
    expect(set?.checks[0]?.detail).toContain('demo_set.ts')
  })

  it('names the deployed sets for one that others import', async () => {
    await deploy({ names: ['a'] })
    await expect(client.call('exec', { ...EXEC, target: 'demo_base' })).rejects.toMatchObject({
      code: 'UNKNOWN_TARGET',
      parts: { remedy: 'Name one that is deployed: demo_set.' },
    })
  })

  it('refuses a set that is not deployed', async () => {
    await expect(client.call('doctor', { setId: 'demo_set' })).rejects.toMatchObject({
      code: 'NOT_INSTALLED',
    })
    await expect(client.call('verify', { setId: 'demo-set' })).rejects.toMatchObject({
      code: 'UNKNOWN_TARGET',
      parts: { remedy: 'Did you mean demo_set?' },
    })
  })
})

describe('names', () => {
  it('of tasks and grants are checked', async () => {
    await expect(client.call('task.show', { taskId: 'nope' })).rejects.toMatchObject({ code: 'UNKNOWN_NAME' })
    await expect(client.call('log', { taskId: 'nope', follow: true })).rejects.toMatchObject({
      code: 'UNKNOWN_NAME',
    })
    await expect(
      client.call('secret.set', { name: 's', value: 'v', grantTo: 'nobody' }),
    ).rejects.toMatchObject({ code: 'UNKNOWN_NAME' })
    expect(await client.call('secret.list', {})).toEqual([])
  })
})
