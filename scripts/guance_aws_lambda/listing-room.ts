import type { RunContext } from 'guance-aws-lambda/dff'
import { gatePer } from 'guance-aws-lambda/sets/guance_integration'

/**
 * Functions whose inventories, facts and details a run holds at the same time, of large regions of all accounts together: 4 KB
 * each, so that some 120 MB of a task's heap go to them. A region of more is worked on without other large ones.
 */
const MAX_FUNCTIONS = 30_000

/** AWS lists so many on a page (aws.md §3.1). */
const FUNCTIONS_PER_PAGE = 50

/** Regions of up to 250 functions take no room: eight accounts of five regions have 10,000 of them. */
const FREE_PAGES = 5

/** Room for a region that turns out to be large: nobody knows yet how large. */
const FUNCTIONS_OF_UNKNOWN = 5_000

const functionsOfRun = gatePer(MAX_FUNCTIONS)

/** The room that the functions of one region take while it is worked on. */
export class ListingRoom {
  readonly #context: RunContext
  #giveBack: (() => void) | undefined

  private constructor(context: RunContext) {
    this.#context = context
  }

  /** Whether so many pages would be given room at once. */
  static isFree(context: RunContext, pages: number): boolean {
    return pages <= FREE_PAGES || functionsOfRun(context).hasRoom(pages * FUNCTIONS_PER_PAGE)
  }

  /** Does the work in a room for so many pages, once there is one; undefined pages where the region was never listed. */
  static async within<T>(
    context: RunContext,
    pages: number | undefined,
    work: (room: ListingRoom) => Promise<T>,
  ): Promise<T> {
    const room = new ListingRoom(context)
    if (pages !== undefined && pages > FREE_PAGES) await room.#take(pages * FUNCTIONS_PER_PAGE)
    try {
      return await work(room)
    } finally {
      room.#giveBack?.()
    }
  }

  /** Waits at a page beyond which a region is large, unless it was known to be. */
  async turnPage(page: number): Promise<void> {
    // Who holds room never waits for more: so nobody waits for somebody who waits for him.
    if (this.#giveBack === undefined && page > FREE_PAGES) await this.#take(FUNCTIONS_OF_UNKNOWN)
  }

  async #take(functions: number): Promise<void> {
    this.#giveBack = await functionsOfRun(this.#context).take(functions)
  }
}
