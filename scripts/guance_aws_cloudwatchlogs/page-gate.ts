import type { RunContext } from 'guance-aws-lambda/dff'

/** Pages in memory at once, of all regions: one of 10,000 events takes some 25 MB until it is committed, and a task has 256. */
const MAX_PAGES = 5

/** Lets so many works run beside each other, in the order of asking. */
export class PageGate {
  #free: number
  readonly #waiting: (() => void)[] = []

  constructor(most: number = MAX_PAGES) {
    this.#free = most
  }

  async within<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1
    else await new Promise<void>((begin) => void this.#waiting.push(begin))
    try {
      return await work()
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#free += 1
      else next()
    }
  }
}

/** Shared by all regions of a run and gone with it. */
const gateOfRun = new WeakMap<RunContext, PageGate>()

export function pageGate(context: RunContext): PageGate {
  const known = gateOfRun.get(context)
  if (known !== undefined) return known
  const made = new PageGate()
  gateOfRun.set(context, made)
  return made
}
