import type { FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs'
import type { RunContext } from 'guance-aws-lambda/dff'
import { type AwsRegion, gatePer } from 'guance-aws-lambda/sets/guance_integration'

/** Pages in memory at once, of all regions: one of 10,000 events takes some 25 MB until it is committed, and a task has 256. */
const MAX_PAGES = 5
/** Of one region: whose replies stop half way leaves room for the others. */
const MAX_PAGES_OF_REGION = 3

const pagesOfRun = gatePer(MAX_PAGES)
const pagesOfRegion = gatePer(MAX_PAGES_OF_REGION)

/**
 * Room for one page, from the moment its reply begins to come until it is committed: who waits for AWS, for the rate or for another
 * attempt holds nothing.
 */
export class PageRoom {
  readonly #context: RunContext
  readonly #region: AwsRegion
  #giveBack: (() => void) | undefined

  constructor(context: RunContext, region: AwsRegion) {
    this.#context = context
    this.#region = region
  }

  /** Waits until there is room; at once where it is held. */
  async take(): Promise<void> {
    if (this.#giveBack !== undefined) return
    const leaveRegion = await pagesOfRegion(this.#region).take(1)
    const leaveRun = await pagesOfRun(this.#context).take(1)
    this.#giveBack = () => {
      leaveRun()
      leaveRegion()
    }
  }

  giveBack(): void {
    this.#giveBack?.()
    this.#giveBack = undefined
  }

  /** Lets a request take it between the status line of a reply and its first byte, and give it back where an attempt fails. */
  attach({ middlewareStack }: FilterLogEventsCommand): void {
    const taking =
      <Args, Result>(next: (args: Args) => Promise<Result>) =>
      async (args: Args): Promise<Result> => {
        const reply = await next(args)
        await this.take()
        return reply
      }
    // Next to the network: the time that a reply may take begins behind it.
    middlewareStack.addRelativeTo(taking, { relation: 'after', toMiddleware: 'limitReply', name: 'takeRoom' })
    const releasing =
      <Args, Result>(next: (args: Args) => Promise<Result>) =>
      async (args: Args): Promise<Result> => {
        try {
          return await next(args)
        } catch (error) {
          this.giveBack()
          throw error
        }
      }
    const reading = { relation: 'before', toMiddleware: 'deserializerMiddleware' } as const
    middlewareStack.addRelativeTo(releasing, { ...reading, name: 'giveRoomBack' })
  }
}
