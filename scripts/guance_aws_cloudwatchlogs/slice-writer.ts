import type { Json, Point, RunContext, Slice } from 'guance-aws-lambda/dff'

/** A slice of a region's groups: an outbox batch holds as many points. */
const MAX_POINTS = 2_000
const MAX_CHARACTERS = 1024 ** 2
/** State of so many groups goes in one transaction. */
const MAX_STATES = 200

function charactersOf({ fields }: Point): number {
  const { message } = fields
  return 500 + (typeof message === 'string' ? message.length : 0)
}

/** Puts what several groups have read into common slices: a slice for each of a thousand groups would be a thousand transactions and requests. */
export class SliceWriter {
  readonly #context: RunContext
  #points: Point[] = []
  #state: Record<string, Json> = {}
  #characters = 0
  #flushing: Promise<void> = Promise.resolve()
  #written = 0

  constructor(context: RunContext) {
    this.#context = context
  }

  /** Points committed so far. */
  get written(): number {
    return this.#written
  }

  /**
   * Takes points with the state they stand for. Rejects as `commit` does, and from then on always: what came later stands on
   * what was refused.
   */
  async add(points: readonly Point[], state: Readonly<Record<string, Json>>): Promise<void> {
    for (const point of points) {
      this.#points.push(point)
      this.#characters += charactersOf(point)
    }
    Object.assign(this.#state, state)
    const isFull =
      this.#points.length >= MAX_POINTS ||
      this.#characters >= MAX_CHARACTERS ||
      Object.keys(this.#state).length >= MAX_STATES
    if (isFull) await this.flush()
  }

  /** Commits what waits. */
  async flush(): Promise<void> {
    const [points, state] = [this.#points, this.#state]
    if (points.length === 0 && Object.keys(state).length === 0) return this.#flushing
    this.#points = []
    this.#state = {}
    this.#characters = 0
    this.#flushing = this.#commitAfter(this.#flushing, { points, state })
    return this.#flushing
  }

  /** In order, and never after one that was refused. */
  async #commitAfter(before: Promise<void>, slice: Slice): Promise<void> {
    await before
    await this.#context.commit(slice)
    this.#written += slice.points.length
  }
}
