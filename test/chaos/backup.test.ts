import { renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { backup, DatabaseSync } from 'node:sqlite'
import { afterEach, describe, expect, it } from 'vitest'
import { homePaths } from '../../runner/home.ts'
import { SETTLING_POLLS } from './audit.ts'
import { ChaosHome } from './chaos-home.ts'

/** Polls between a copy and the crash after which it is put back: what they delivered comes again. */
const POLLS = 8

let chaos: ChaosHome

/** Both ways that SQLite has to copy a database which somebody writes to. */
const COPIES = {
  'VACUUM INTO': async (source: DatabaseSync, path: string) => source.prepare('VACUUM INTO ?').run(path),
  'the backup API': async (source: DatabaseSync, path: string) => backup(source, path),
} as const

async function copyDatabase(how: keyof typeof COPIES): Promise<string> {
  const path = join(chaos.home.root, 'copy.db')
  const source = new DatabaseSync(homePaths(chaos.home.root).database)
  try {
    await COPIES[how](source, path)
  } finally {
    source.close()
  }
  return path
}

/** As a person would do it with a host that has just crashed. */
function putBack(copy: string): void {
  const { database } = homePaths(chaos.home.root)
  for (const neighbour of ['-wal', '-shm']) rmSync(`${database}${neighbour}`, { force: true })
  renameSync(copy, database)
}

afterEach(async () => {
  await chaos[Symbol.asyncDispose]()
})

describe('a database copied back from an earlier state', () => {
  it.each(Object.keys(COPIES) as (keyof typeof COPIES)[])(
    'made by %s, has the same points collected again and none that differ',
    async (how) => {
      chaos = await ChaosHome.open({ functions: 40, regions: 2, seed: 5, failShare: 0.1 })
      for (let poll = 0; poll < POLLS; poll += 1) await chaos.pollWell()
      // In the middle of a poll, with batches that wait.
      await chaos.moveOn()
      const { end } = await chaos.begin()
      const copy = await copyDatabase(how)
      await end
      for (let poll = 0; poll < POLLS; poll += 1) await chaos.pollWell()
      // What the copy does not know of has arrived.
      await chaos.drain()
      await chaos.host.kill()
      putBack(copy)
      await chaos.startHost()
      for (let poll = 0; poll < SETTLING_POLLS; poll += 1) await chaos.pollWell()
      chaos.sink.failShare = 0
      await chaos.pollWell()
      await chaos.drain()
      const audit = await chaos.audit()
      const sink = chaos.sink.verdict()
      console.log(
        JSON.stringify({ how, expected: audit.expected, missing: audit.missing, wrong: audit.wrong, sink }),
      )
      expect(audit).toMatchObject({ missing: 0, wrong: 0, extra: 0, samples: [], rewrittenDifferently: 0 })
      expect(audit.expected).toBeGreaterThan(20_000)
      expect(sink.duplicatesDiffering).toBe(0)
      // Cursors went back: otherwise nothing was collected twice, and the lines above would say nothing.
      expect(sink.publishedAgain).toBeGreaterThan(500)
    },
  )
})
