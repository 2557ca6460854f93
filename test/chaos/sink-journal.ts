import { createHash } from 'node:crypto'
import { gunzipSync } from 'node:zlib'
import { parseLines } from '../../simulator/receiver/line-protocol.generated.ts'
import { parsePlainLines } from '../../simulator/receiver/plain-line.ts'

/** One time that a body was accepted. */
export interface Acceptance {
  readonly category: string
  readonly body: Buffer
  /** Of the host that sent it: how many hosts there had been before. */
  readonly generation: number
  /** The sink's own doing: then it comes again, kill or not. */
  readonly isReplyLost: boolean
}

type Seen = Pick<Acceptance, 'generation' | 'isReplyLost'>

/** One line of a metric once accepted. */
interface Published {
  readonly values: string
}

/** What came of everything that was ever accepted. */
export interface JournalVerdict {
  readonly accepted: number
  /** Bodies that came again although their first answer was given: what a kill leaves unknown to the host. */
  readonly ambiguousBatches: number
  /** The most of them that one kill left. */
  readonly mostPerKill: number
  /** Lines of metrics that came twice with other values. */
  readonly duplicatesDiffering: number
  /** Lines of metrics, and events of logs, that came again in another body, whatever their values. */
  readonly publishedAgain: number
  /** Lines of metrics that came after a later minute of the same series. */
  readonly outOfOrder: number
}

function digestOf(data: string | Buffer): string {
  return createHash('sha256').update(data).digest('base64').slice(0, 24)
}

/** Remembers every body that a sink accepted, and of metrics every line. */
export class SinkJournal {
  readonly #accepted = new Map<string, Seen[]>()
  readonly #published = new Map<string, Published>()
  readonly #newest = new Map<string, bigint>()
  readonly #events = new Set<string>()
  #differing = 0
  #again = 0
  #outOfOrder = 0

  add({ category, body, generation, isReplyLost }: Acceptance): void {
    const name = digestOf(body)
    const seen = this.#accepted.get(name) ?? []
    seen.push({ generation, isReplyLost })
    this.#accepted.set(name, seen)
    // Objects are written again at each poll; a metric's minute and an event never.
    if (seen.length > 1) return
    if (category === 'logging') this.#addEvents(gunzipSync(body).toString('utf8'))
    if (category !== 'metric') return
    const text = gunzipSync(body).toString('utf8')
    for (const { measurement, tags, fields, time } of parsePlainLines(text) ?? parseLines(text)) {
      this.#compare(digestOf(JSON.stringify([measurement, tags])), time ?? 0n, fields.join('|'))
    }
  }

  #addEvents(text: string): void {
    for (const [, id = ''] of text.matchAll(/[ ,]event_id="(\d+)"/g)) {
      if (this.#events.has(id)) this.#again += 1
      this.#events.add(id)
    }
  }

  verdict(): JournalVerdict {
    const perKill = new Map<number, number>()
    let accepted = 0
    for (const seen of this.#accepted.values()) {
      accepted += seen.length
      for (const { generation, isReplyLost } of seen.slice(0, -1)) {
        if (!isReplyLost) perKill.set(generation, (perKill.get(generation) ?? 0) + 1)
      }
    }
    const counts = [...perKill.values()]
    return {
      accepted,
      ambiguousBatches: counts.reduce((sum, count) => sum + count, 0),
      mostPerKill: Math.max(0, ...counts),
      duplicatesDiffering: this.#differing,
      publishedAgain: this.#again,
      outOfOrder: this.#outOfOrder,
    }
  }

  #compare(series: string, time: bigint, values: string): void {
    const key = `${series} ${time}`
    const before = this.#published.get(key)
    this.#published.set(key, before ?? { values })
    if (before !== undefined) {
      this.#again += 1
      if (before.values !== values) this.#differing += 1
      return
    }
    const newest = this.#newest.get(series) ?? 0n
    if (time < newest) this.#outOfOrder += 1
    else this.#newest.set(series, time)
  }
}
