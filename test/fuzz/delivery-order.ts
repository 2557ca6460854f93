/** A sink that fails in every way it can, in any order: nothing is lost, nothing overtakes, a retry is the same bytes. */
import fc from 'fast-check'
import { expect } from 'vitest'
import type { Point } from '../../core/point.ts'
import { encodeBatches } from '../../runner/outbox/encode-batch.ts'
import { Delivery, namesOf } from '../runner/outbox/delivery.ts'
import type { Answer, SeenRequest } from '../runner/sink/loopback.ts'

type Mood = 'ok' | 'down' | 'slow down' | 'too large' | 'bad lines' | 'token' | 'gone'

const moods = fc.array(
  fc.constantFrom<Mood>('ok', 'ok', 'down', 'slow down', 'too large', 'bad lines', 'token', 'gone'),
  { minLength: 1, maxLength: 12 },
)

const ANSWERS: Readonly<Record<Exclude<Mood, 'too large' | 'bad lines'>, Answer>> = {
  ok: { status: 200 },
  down: { status: 503 },
  'slow down': { status: 429, headers: { 'retry-after': '0' } },
  token: { status: 403, body: '{"error_code":"datakit.invalidToken"}' },
  gone: { status: 502, body: '<html>' },
}

function answerTo(request: SeenRequest, mood: Mood): Answer {
  const names = namesOf(request)
  if (mood === 'too large') return { status: names.length > 1 ? 413 : 200 }
  if (mood === 'bad lines') return { status: names.some((name) => name.startsWith('bad')) ? 400 : 200 }
  return ANSWERS[mood]
}

/** One commit: which of a few series it writes once more, each at the same time as ever, with the number of the commit. */
const commits = fc.array(
  fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'bad1', 'bad2'), { minLength: 1, maxLength: 6 }),
  { minLength: 1, maxLength: 6 },
)

interface Written {
  readonly name: string
  readonly version: number
}

function writtenBy({ text }: SeenRequest): Written[] {
  return [...text.matchAll(/name=(\S+) f=(\d+)/g)].map(([, name = '', version]) => ({
    name,
    version: Number(version),
  }))
}

async function commit(delivery: Delivery, names: readonly string[], version: number): Promise<void> {
  const points = names.map((name): Point => ({
    category: 'metric',
    measurement: 'm',
    tags: { name },
    fields: { f: version },
    timeMs: 5,
  }))
  await delivery.commitBatches(encodeBatches(points, { maxRawBytes: 1e6, maxPoints: 3 }))
}

async function deliverAll(delivery: Delivery): Promise<void> {
  // Each round ends what a closed way or a backoff holds up; the moods run out, so that this ends.
  for (let round = 0; round < 60; round += 1) {
    delivery.sender.reload()
    const { waitingBatches } = await delivery.drain(50)
    if (waitingBatches === 0) return
  }
}

function versionsOf(all: readonly Written[], name: string): number[] {
  return all.filter((written) => written.name === name).map(({ version }) => version)
}

async function runOnce(asked: readonly Mood[], made: readonly (readonly string[])[]): Promise<void> {
  const delivery = await Delivery.open()
  try {
    const left = [...asked]
    const accepted: Written[] = []
    const bodies = new Map<string, string>()
    delivery.server.answer = (request) => {
      const answer = answerTo(request, left.shift() ?? 'bad lines')
      const key = request.text
      const body = request.body.toString('base64')
      // The same lines are the same bytes, however often they come.
      expect(bodies.get(key) ?? body).toBe(body)
      bodies.set(key, body)
      if (answer.status === 200) accepted.push(...writtenBy(request))
      return answer
    }
    for (const [index, names] of made.entries()) await commit(delivery, names, index + 1)
    delivery.sender.start()
    await deliverAll(delivery)
    for (const name of ['a', 'b', 'c', 'd']) {
      const committed = made.flatMap((names, index) => (names.includes(name) ? [index + 1] : []))
      expect(`${name} ${versionsOf(accepted, name).join()}`).toBe(`${name} ${committed.join()}`)
    }
    expect(await delivery.store.outbox.backlog()).toMatchObject({ waitingBatches: 0 })
    const bad = made.flat().filter((name) => name.startsWith('bad')).length
    const badAccepted = accepted.filter(({ name }) => name.startsWith('bad')).length
    const dead = await delivery.store.outbox.list('dead', 1_000)
    expect(dead.reduce((sum, row) => sum + row.points, 0)).toBe(bad - badAccepted)
  } finally {
    await delivery.close()
  }
}

/** Delivers through every mix of refusals; what arrives is what was committed, in its order. */
export async function fuzzDeliveryOrder(runs: number): Promise<void> {
  await fc.assert(fc.asyncProperty(moods, commits, runOnce), { numRuns: runs })
}
