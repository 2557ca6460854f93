import type { RunContext } from 'guance-aws-lambda/dff'
import { gatePer } from 'guance-aws-lambda/sets/guance_integration'
import { PAGES_PER_RUN } from './listing-due.ts'

/**
 * Functions whose inventories, facts and details a run holds at the same time, of large regions of all accounts together: 4 KB
 * each, so that some 120 MB of a task's heap go to them. A region of more is worked on without other large ones.
 */
const MAX_FUNCTIONS = 30_000

/**
 * The same of regions that are listed at every run, 40 MB more. Each is done within ten seconds: behind a region that takes
 * minutes it would keep its metrics waiting, and the next run with them.
 */
const MAX_FUNCTIONS_OF_EVERY_RUN = 10_000

/** AWS lists so many on a page (aws.md §3.1). */
const FUNCTIONS_PER_PAGE = 50

/** Regions of up to 250 functions take no room: eight accounts of five regions have 10,000 of them. */
const FREE_PAGES = 5

/** Room for a region that turns out to be large: nobody knows yet how large. */
const FUNCTIONS_OF_UNKNOWN = 5_000

const largeOfRun = gatePer(MAX_FUNCTIONS)
const mediumOfRun = gatePer(MAX_FUNCTIONS_OF_EVERY_RUN)

/** Where a region of so many pages, or of nobody knows how many, finds its room. */
function gateFor(context: RunContext, pages: number | undefined): ReturnType<typeof largeOfRun> {
  return pages !== undefined && pages <= PAGES_PER_RUN ? mediumOfRun(context) : largeOfRun(context)
}

/** The room that the functions of one region take while it is worked on. */
export class ListingRoom {
  readonly #context: RunContext
  #giveBack: (() => void) | undefined

  private constructor(context: RunContext) {
    this.#context = context
  }

  /** Whether so many pages would be given room at once. */
  static isFree(context: RunContext, pages: number): boolean {
    return pages <= FREE_PAGES || gateFor(context, pages).hasRoom(pages * FUNCTIONS_PER_PAGE)
  }

  /** Does the work in a room for so many pages, once there is one; undefined pages where the region was never listed. */
  static async within<T>(
    context: RunContext,
    pages: number | undefined,
    work: (room: ListingRoom) => Promise<T>,
  ): Promise<T> {
    const room = new ListingRoom(context)
    if (pages !== undefined && pages > FREE_PAGES) await room.#take(pages)
    try {
      return await work(room)
    } finally {
      room.#giveBack?.()
    }
  }

  /** Waits at a page beyond which a region is large, unless it was known to be. */
  async turnPage(page: number): Promise<void> {
    // Who holds room never waits for more: so nobody waits for somebody who waits for him.
    if (this.#giveBack === undefined && page > FREE_PAGES) await this.#take(undefined)
  }

  async #take(pages: number | undefined): Promise<void> {
    const functions = pages === undefined ? FUNCTIONS_OF_UNKNOWN : pages * FUNCTIONS_PER_PAGE
    this.#giveBack = await gateFor(this.#context, pages).take(functions)
  }
}
