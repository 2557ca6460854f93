import { describe, expect, it } from 'vitest'
import { bucketOf, DetailBook, loadDetails } from '../../../scripts/guance_aws_lambda/detail-book.ts'
import { allowedCalls, dueFunctions } from '../../../scripts/guance_aws_lambda/detail-due.ts'
import { hasReadingTime, readUntil } from '../../../scripts/guance_aws_lambda/detail-time.ts'
import { makeRun, makeStore, SESSION } from '../run-context.ts'

const DAY_MS = 86_400_000
const NOW_MS = 100 * DAY_MS
const PLACE = { accountId: '1', region: 'us-east-1' }

function entry(name: string, revisionId = 'r') {
  return { name, tags: {}, revisionId }
}

function emptyBook(): DetailBook {
  return new DetailBook(
    'p',
    {},
    Array.from({ length: 16 }, () => new Map()),
  )
}

describe('the calls of a run', () => {
  it.each([
    [undefined, 1, 0],
    [NOW_MS, 1, 0],
    [NOW_MS + 1, 1, 0],
    [NOW_MS - 60_000, 1, 48],
    [NOW_MS - 300_000, 500, 240],
    [NOW_MS - DAY_MS, 500, 240],
    [NOW_MS - 60_000, 501, 90],
    [NOW_MS - 300_000, 10_000, 450],
    [NOW_MS - DAY_MS, 10_000, 450],
    [undefined, 10_000, 0],
  ])('after one at %s, with %i functions waiting, are %i', (lastMs, waiting, calls) => {
    expect(allowedCalls(lastMs, NOW_MS, waiting)).toBe(calls)
  })

  it('are through with 10,000 functions in hours, at less than a fifth of AWS’s 15 a second', () => {
    const calls = 10_000 * 5
    let leftCalls = calls
    let runs = 0
    for (; leftCalls > 0; runs += 1) leftCalls -= allowedCalls(NOW_MS - 300_000, NOW_MS, leftCalls / 5)
    expect((runs * 5) / 60).toBeLessThan(11)
    expect(calls / (runs * 300)).toBeLessThan(3)
  })
})

describe('the time of a run for details', () => {
  it('ends with what all its regions have taken together, and well before the next tick', () => {
    let elapsedMs = 0
    const run = makeRun(makeStore(), { triggerTimeMs: 0, session: SESSION, elapsedMs: () => elapsedMs })
    expect(hasReadingTime(run, 1_000)).toBe(true)
    expect(hasReadingTime(run, 150_000)).toBe(true)
    expect(hasReadingTime(run, 151_000)).toBe(false)
    elapsedMs = 211_000
    expect(hasReadingTime(run, 12_000)).toBe(false)
  })

  it('is a few seconds of a run that is always long, too', () => {
    const run = makeRun(makeStore(), { triggerTimeMs: 0, session: SESSION, elapsedMs: () => 211_000 })
    expect(hasReadingTime(run, 1_000)).toBe(true)
    expect(hasReadingTime(run, 10_000)).toBe(true)
    expect(hasReadingTime(run, 12_000)).toBe(false)
  })

  it('of a region is ten seconds, unless very many wait', () => {
    expect(readUntil(500, 0)).toBe(10_000)
    expect(readUntil(501, 0)).toBe(150_000)
  })
})

describe('functions to be read', () => {
  it('are those that are new or have another revision, then those read a day ago', () => {
    const book = emptyBook()
    book.change('old', { revisionId: 'r', readMs: NOW_MS - DAY_MS })
    book.change('changed', { revisionId: 'before', readMs: NOW_MS - 1 })
    book.change('fresh', { revisionId: 'r', readMs: NOW_MS - DAY_MS + 1 })
    book.change('of tags alone', { tags: {} })
    book.change('from the future', { revisionId: 'r', readMs: NOW_MS + 1 })
    const entries = ['old', 'changed', 'fresh', 'of tags alone', 'from the future', 'new'].map((name) =>
      entry(name),
    )
    const due = dueFunctions({ entries }, book, NOW_MS).map(({ name }) => name)
    expect(due.slice(0, 3).toSorted()).toEqual(['changed', 'new', 'of tags alone'])
    expect(due.slice(3).toSorted()).toEqual(['from the future', 'old'])
  })

  it('of one bucket follow each other, and with very many come round less often', () => {
    const entries = Array.from({ length: 20_000 }, (_, index) => entry(`f${index}`))
    const book = emptyBook()
    const buckets = dueFunctions({ entries }, book, NOW_MS).map(({ name }) => bucketOf(name))
    expect(buckets).toEqual(buckets.toSorted((left, right) => left - right))
    for (const { name } of entries) book.change(name, { revisionId: 'r', readMs: NOW_MS - 2 * DAY_MS })
    expect(dueFunctions({ entries }, book, NOW_MS)).toEqual([])
    expect(dueFunctions({ entries }, book, NOW_MS + DAY_MS)).toHaveLength(20_000)
  })
})

describe('the book of details', () => {
  it('is the same after a commit, without functions that are listed no more', async () => {
    const store = makeStore()
    const run = makeRun(store, { triggerTimeMs: 0, session: SESSION })
    const book = await loadDetails(run, PLACE)
    const names = ['f', '__proto__', 'constructor', '中文']
    for (const name of names) book.change(name, { facts: { aliases: [{ Name: name }] }, readMs: 1 })
    book.change('gone', { readMs: 1 })
    book.changeHeader({ lastMs: 1 })
    await run.commit({ points: [], state: book.takeState(new Set(names)) })
    const again = await loadDetails(run, PLACE)
    for (const name of names) expect(again.get(name)).toEqual(book.get(name))
    expect(again.get('__proto__')).toEqual({ facts: { aliases: [{ Name: '__proto__' }] }, readMs: 1 })
    expect(again.get('gone')).toBeUndefined()
    expect(again.header).toEqual({ lastMs: 1 })
  })

  it('writes only what was changed since', async () => {
    const book = await loadDetails(makeRun(makeStore(), { triggerTimeMs: 0, session: SESSION }), PLACE)
    book.change('f', { readMs: 1 })
    book.takeState(new Set(['f']))
    book.change('g', { readMs: 2 })
    const key = 'detail/aws_lambda/1/us-east-1'
    expect(Object.keys(book.takeState(new Set(['f', 'g']))).toSorted()).toEqual([
      key,
      `${key}/${bucketOf('g')}`,
    ])
  })
})
