import { addDays, type Day, type Days, daysBetween, earlier, later } from './day.ts'

/** Spans of days that are owed: sorted, apart from each other, none of them empty. */
export type Spans = readonly Days[]

/** The same days with as few spans as can be. */
export function mergeSpans(spans: Spans): Spans {
  const merged: Days[] = []
  for (const span of spans.toSorted((left, right) => (left.from < right.from ? -1 : 1))) {
    if (span.from >= span.to) continue
    const last = merged.at(-1)
    if (last === undefined || last.to < span.from) merged.push(span)
    else merged[merged.length - 1] = { from: last.from, to: later(last.to, span.to) }
  }
  return merged
}

/** What is left when some days are done. */
export function subtractDays(spans: Spans, done: Days): Spans {
  return mergeSpans(
    spans.flatMap(({ from, to }) => [
      { from, to: earlier(to, done.from) },
      { from: later(from, done.to), to },
    ]),
  )
}

/** The spans without what lies before a day. */
export function clipSpans(spans: Spans, from: Day): Spans {
  return mergeSpans(spans.map((span) => ({ from: later(span.from, from), to: span.to })))
}

/** The newest days of all, at most so many; undefined when none is owed. */
export function newestChunk(spans: Spans, days: number): Days | undefined {
  const last = spans.at(-1)
  return last === undefined ? undefined : { from: later(last.from, addDays(last.to, -days)), to: last.to }
}

export function countDays(spans: Spans): number {
  return spans.reduce((sum, { from, to }) => sum + daysBetween(from, to), 0)
}
