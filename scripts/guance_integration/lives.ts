import { DAY_MS, type EpochMs, type Window } from 'guance-aws-lambda/dff'
import type { GoneEntry, Inventory, InventoryEntry } from './inventory.ts'

/** What is gone is remembered while minutes of its life may still come, or be compared with what was written of them: two days, and one to spare. */
const REMEMBER_MS = 3 * DAY_MS

/**
 * The newly listed entries with how long they have been known, and what of the last listing is gone. An object of the
 * same name that was listed both times is taken for the same one.
 */
export function keepLives(
  entries: readonly InventoryEntry[],
  before: Inventory | undefined,
  nowMs: EpochMs,
): Required<Pick<Inventory, 'entries' | 'gone'>> {
  const known = new Map(before?.entries.map((entry) => [entry.name, entry]))
  const listed = entries.map((entry) => ({
    ...entry,
    sinceMs: Math.min(entry.sinceMs ?? nowMs, known.get(entry.name)?.sinceMs ?? nowMs),
  }))
  for (const { name } of entries) known.delete(name)
  const untilMs = before?.listedAtMs ?? nowMs
  const vanished = [...known.values()].map((entry): GoneEntry => ({
    ...entry,
    sinceMs: entry.sinceMs ?? untilMs,
    untilMs,
  }))
  const recent = (before?.gone ?? []).filter((one) => one.untilMs > nowMs - REMEMBER_MS)
  return { entries: listed, gone: [...recent, ...vanished] }
}

/** The spans in which each object of an inventory is known to have existed. */
export function livesOf({
  entries,
  gone = [],
  listedAtMs,
}: Inventory): ReadonlyMap<string, readonly Window[]> {
  const spans = [
    ...gone.map(({ name, sinceMs, untilMs }) => ({ name, startMs: sinceMs, endMs: untilMs })),
    ...entries.map(({ name, sinceMs = listedAtMs }) => ({ name, startMs: sinceMs, endMs: listedAtMs })),
  ]
  const lives = new Map<string, Window[]>()
  for (const { name, startMs, endMs } of spans) {
    const known = lives.get(name)
    if (known === undefined) lives.set(name, [{ startMs, endMs }])
    else known.push({ startMs, endMs })
  }
  return lives
}
