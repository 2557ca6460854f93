import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Point } from '../../../core/point.ts'
import type { SinkTraits } from '../../../core/script.ts'
import { REWRITE_CASES, rewritePoints } from '../../../runner/connector/rewrite-case.ts'
import { testRewrite } from '../../../runner/connector/rewrite-test.ts'
import type { ConnectorRow } from '../../../runner/host-api.ts'
import { readLines } from '../../../runner/line-protocol/read.ts'
import { type Answer, type Loopback, openLoopback, type SeenRequest } from '../sink/loopback.ts'

type Fields = Readonly<Record<string, number>>
/** What a store holds of one series and timestamp after one more line. */
type Behaviour = (held: readonly Fields[], line: Fields) => readonly Fields[]

const larger = (held: Fields, line: Fields): Fields =>
  (held['value'] ?? 0) > (line['value'] ?? 0) ? held : line

const BEHAVIOURS: readonly (readonly [name: string, behaviour: Behaviour, traits: SinkTraits])[] = [
  ['replaces the line', (_held, line) => [line], { rewrite: 'last', mergesFields: false }],
  [
    'overwrites field by field',
    ([held], line) => [{ ...held, ...line }],
    { rewrite: 'last', mergesFields: true },
  ],
  [
    'keeps the line with the larger value',
    ([held], line) => [held === undefined ? line : larger(held, line)],
    { rewrite: 'max', mergesFields: false },
  ],
  [
    'keeps the larger value of each field',
    ([held], line) => [{ ...line, ...held, value: larger(held ?? line, line)['value'] ?? 0 }],
    { rewrite: 'max', mergesFields: true },
  ],
  ['keeps every line', (held, line) => [...held, line], { rewrite: 'both', mergesFields: false }],
  [
    'keeps the first line',
    (held, line) => (held.length > 0 ? held : [line]),
    { rewrite: 'unknown', mergesFields: false },
  ],
]

let folder = ''
let server: Loopback

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'dff-rewrite-'))
  server = await openLoopback()
})

afterEach(async () => {
  await server.close()
  rmSync(folder, { recursive: true, force: true })
})

function fieldsOf(line: string): Fields {
  const text = line.split(' ')[1] ?? ''
  return Object.fromEntries(text.split(',').map((pair) => [pair.split('=')[0], Number(pair.split('=')[1])]))
}

/** A DataKit whose store behaves so and shows a write only at the second reading after it. */
function datakit(behaviour: Behaviour): (request: SeenRequest) => Answer {
  const held = new Map<string, readonly Fields[]>()
  let shown = new Map<string, readonly Fields[]>()
  let isFresh = false
  return ({ url, text }) => {
    if (url.startsWith('/v1/write/')) {
      for (const { line, tags } of readLines(text)) {
        const key = tags.get('case') ?? ''
        held.set(key, behaviour(held.get(key) ?? [], fieldsOf(line)))
      }
      isFresh = true
      return { status: 200 }
    }
    if (!isFresh) shown = new Map(held)
    isFresh = false
    const columns = ['time', 'value', 'first', 'second']
    const content = REWRITE_CASES.map((name) => ({
      series: [
        {
          columns,
          values: (shown.get(name) ?? []).map((row) => [
            1,
            ...columns.slice(1).map((key) => row[key] ?? null),
          ]),
        },
      ],
    }))
    return { status: 200, body: JSON.stringify({ content }) }
  }
}

async function find(config: ConnectorRow['config']) {
  const row: ConnectorRow = { id: 'default', config, isImplicit: false }
  const { signal } = new AbortController()
  return testRewrite(row, { output: folder, signal, patience: { withinMs: 200, pollMs: 5 } })
}

describe('connector test --rewrite', () => {
  it.each(BEHAVIOURS)('finds out what a store does that %s', async (_name, behaviour, traits) => {
    server.answer = datakit(behaviour)
    const { check, found } = await find({ type: 'datakit', url: server.url })
    expect(found).toEqual(traits)
    expect(check).toMatchObject({
      status: 'ok',
      detail: expect.stringContaining(`rewrite ${traits.rewrite}`),
    })
  })

  it('writes the same series and timestamp twice, with other values and fields', () => {
    const seriesOf = ({ measurement, tags, timeMs }: Point): string =>
      JSON.stringify([measurement, tags, timeMs])
    const [first, second] = [rewritePoints('r', 0, 0), rewritePoints('r', 0, 1)]
    expect(first.map(seriesOf)).toEqual(second.map(seriesOf))
    expect(new Set(first.map(seriesOf)).size).toBe(2)
    expect([first, second].map((points) => points.map(({ fields }) => fields))).toEqual([
      [
        { value: 1, first: 1 },
        { value: 2, first: 1 },
      ],
      [
        { value: 2, second: 1 },
        { value: 1, second: 1 },
      ],
    ])
  })

  it('asks DataKit by DQL, for its own test alone', async () => {
    server.answer = datakit((_held, line) => [line])
    await find({ type: 'datakit', url: `${server.url}/proxy/` })
    const queries = server.seen.filter(({ url }) => url === '/proxy/v1/query/raw')
    const [body] = queries.map(({ text }) => JSON.parse(text) as { queries: { query: string }[] })
    expect(body?.queries).toHaveLength(2)
    expect(body?.queries[0]?.query).toMatch(
      /^M::`dff_rewrite_test`:\(`value`, `first`, `second`\) \{ `run` = '[0-9a-f]{12}' AND `case` = 'rising' \}$/,
    )
  })

  it.each([
    ['is refused', () => ({ status: 403, body: '{}' }), 'answers 403'],
    ['is not there', () => ({ status: 404, body: 'page not found' }), 'answers 404'],
    ['answers a page', () => ({ status: 200, body: '<html>' }), 'cannot be asked'],
    ['answers something else', () => ({ status: 200, body: '{"content":[]}' }), 'a form that is not known'],
  ])(
    'says that it cannot be found out where the query API %s, and writes nothing',
    async (_name, answer, part) => {
      server.answer = answer
      const { check, found } = await find({ type: 'datakit', url: server.url })
      expect(found).toBeNull()
      expect(check).toMatchObject({ status: 'warning', detail: expect.stringContaining(part) })
      expect(check.remedy).toContain('dff connector set default … --rewrite last|max|both')
      expect(server.seen.every(({ url }) => url === '/v1/query/raw')).toBe(true)
    },
  )

  it('says so when what was written never shows', async () => {
    server.answer = datakit(() => [])
    const { check, found } = await find({ type: 'datakit', url: server.url })
    expect(found).toBeNull()
    expect(check.detail).toContain('did not show')
  })

  it('says that DataWay gives nothing back', async () => {
    const config = { type: 'dataway', url: server.url, tokenSecret: 'a' } as const
    expect((await find(config)).check).toMatchObject({ status: 'warning' })
    expect(server.seen).toEqual([])
  })

  it('reads its own output for a file, and removes it', async () => {
    const { found } = await find({ type: 'file' })
    expect(found).toEqual({ rewrite: 'last', mergesFields: false })
    expect(readdirSync(folder)).toEqual([])
  })
})
