import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openFileSink } from '../../../runner/sink/file.ts'
import type { SendResult } from '../../../runner/sink/sink.ts'

const NEVER = new AbortController().signal

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dff-file-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function send(text: string, nowMs: number, output = join(folder, 'output')): Promise<SendResult> {
  const sink = openFileSink(output, () => nowMs)
  return sink.send({ batchId: 1, category: 'metric', points: 1, body: gzipSync(text) }, NEVER)
}

describe('the file sink', () => {
  it('appends to one file per category and UTC day, readable by its owner alone', async () => {
    const lastMs = Date.parse('2026-11-23T23:59:59.999Z')
    expect(await send('m f=1 1\nm f=2 2', lastMs)).toEqual({ kind: 'accepted' })
    await send('m f=3 3', lastMs)
    await send('m f=4 4', lastMs + 1)
    const output = join(folder, 'output')
    expect(readdirSync(output)).toEqual(['metric-2026-11-23.lp', 'metric-2026-11-24.lp'])
    const path = join(output, 'metric-2026-11-23.lp')
    expect(readFileSync(path, 'utf8')).toBe('m f=1 1\nm f=2 2\nm f=3 3\n')
    expect(statSync(path).mode & 0o777).toBe(0o600)
  })

  it('removes half a line that a kill left behind', async () => {
    const path = join(folder, 'output', 'metric-1970-01-01.lp')
    await send('m f=1 1', 0)
    appendFileSync(path, 'm f=2')
    await send('m f=2 2', 0)
    expect(readFileSync(path, 'utf8')).toBe('m f=1 1\nm f=2 2\n')
    writeFileSync(path, 'm f')
    await send('m f=3 3', 0)
    expect(readFileSync(path, 'utf8')).toBe('m f=3 3\n')
  })

  it('removes what is old, and the oldest of what is too much, and nothing of others', async () => {
    const output = join(folder, 'output')
    mkdirSync(output)
    const nowMs = Date.now()
    const limits = { keepMs: 5_000_000, maxTotalBytes: 40, maxFileBytes: 16 }
    for (const [name, ageSec] of [
      ['metric-2026-11-01.lp', 9_000],
      ['metric-2026-11-02.lp', 900],
      ['metric-2026-11-03.lp', 90],
      ['notes.lp', 9_000],
    ] as const) {
      writeFileSync(join(output, name), 'm f=1 1\nm f=2 2\n')
      utimesSync(join(output, name), nowMs / 1_000 - ageSec, nowMs / 1_000 - ageSec)
    }
    const sink = openFileSink(output, () => nowMs, limits)
    const batch = { batchId: 1, category: 'metric', points: 1, body: gzipSync('m f=3 3') } as const
    const today = `metric-${new Date(nowMs).toISOString().slice(0, 10)}`
    await sink.send(batch, NEVER)
    expect(readdirSync(output).toSorted()).toEqual(
      ['metric-2026-11-02.lp', 'metric-2026-11-03.lp', `${today}.lp`, 'notes.lp'].toSorted(),
    )
    await sink.send(batch, NEVER)
    expect(readdirSync(output).toSorted()).toEqual(
      ['metric-2026-11-03.lp', `${today}.${nowMs}.lp`, 'notes.lp'].toSorted(),
    )
  })

  it('asks for a retry when the folder cannot be written', async () => {
    const blocked = join(folder, 'a file')
    writeFileSync(blocked, '')
    expect(await send('m f=1 1', 0, join(blocked, 'output'))).toMatchObject({
      kind: 'retry',
      reason: expect.stringContaining('ENOTDIR'),
    })
  })
})
