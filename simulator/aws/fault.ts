import type { Reply } from '../http.ts'
import { createRandom, hashText, mixSeed } from '../truth/random.ts'
import { AwsError } from './error.ts'
import { CHAOS_KINDS, canFail, type FaultKind, isAction } from './fault-kind.ts'

/** Makes calls of an API fail: the next ones, or some of them. */
export interface Fault {
  /** An IAM action, or the beginning of one before `*`. */
  readonly api: string
  readonly kind: FaultKind
  /** How many calls; each one that fails takes one off. */
  readonly times: number
  /** Only calls for this region. */
  readonly region?: string
  /** Share of the calls that fail, drawn from the seed and the number of the call. */
  readonly probability?: number
  readonly seed?: number
}

/** Random faults of any kind. The n-th call of an API in a region fails, or not, as the seed says, whatever else is going on. */
export interface Chaos {
  readonly seed: number
  /** Share of the calls that fail, 0…1. */
  readonly rate: number
  readonly kinds: readonly FaultKind[]
  /** IAM actions, or beginnings before `*`. */
  readonly apis: readonly string[]
}

export const DEFAULT_CHAOS: Chaos = { seed: 1, rate: 0, kinds: CHAOS_KINDS, apis: ['*'] }

/** The faults that are still to come, in the order in which they were asked for, and the random ones. */
export interface Faults {
  list(): readonly Fault[]
  add(fault: Fault): void
  clear(): void
  chaos(): Chaos
  /** Starts random faults anew: the calls are numbered from 0 again. */
  setChaos(chaos: Chaos): void
  /** The fault of this call, if it is to fail; takes it off the list. */
  take(api: string, region: string): FaultKind | undefined
}

/** One drawn number for the n-th call of an API in a region. */
function drawFor(seed: number, api: string, region: string, nth: number): () => number {
  return createRandom(mixSeed(mixSeed(seed, hashText(`${api} ${region}`)), nth))
}

class FaultList implements Faults {
  #waiting: Fault[] = []
  #chaos = DEFAULT_CHAOS
  #calls = new Map<string, number>()

  list(): readonly Fault[] {
    return this.#waiting
  }

  add(fault: Fault): void {
    this.#waiting.push(fault)
  }

  clear(): void {
    this.#waiting = []
    this.setChaos(DEFAULT_CHAOS)
  }

  chaos(): Chaos {
    return this.#chaos
  }

  setChaos(chaos: Chaos): void {
    this.#chaos = chaos
    this.#calls.clear()
  }

  take(api: string, region: string): FaultKind | undefined {
    const place = `${api} ${region}`
    const nth = this.#calls.get(place) ?? 0
    this.#calls.set(place, nth + 1)
    return this.#takeWaiting(api, region, nth) ?? this.#draw(api, region, nth)
  }

  #takeWaiting(api: string, region: string, nth: number): FaultKind | undefined {
    const fault = this.#waiting.find(
      (each) =>
        isAction(each.api, api) &&
        canFail(each.kind, api) &&
        (each.region ?? region) === region &&
        drawFor(each.seed ?? 1, api, region, nth)() < (each.probability ?? 1),
    )
    if (fault === undefined) return undefined
    const rest = fault.times > 1 ? [{ ...fault, times: fault.times - 1 }] : []
    this.#waiting = this.#waiting.flatMap((each) => (each === fault ? rest : [each]))
    return fault.kind
  }

  #draw(api: string, region: string, nth: number): FaultKind | undefined {
    const { seed, rate, kinds, apis } = this.#chaos
    if (rate === 0 || !apis.some((pattern) => isAction(pattern, api))) return undefined
    const random = drawFor(seed, api, region, nth)
    if (random() >= rate) return undefined
    const possible = kinds.filter((kind) => canFail(kind, api))
    return possible[Math.floor(random() * possible.length)]
  }
}

/** Creates the list of faults, empty. */
export function createFaults(): Faults {
  return new FaultList()
}

/** Refuses the call when its fault is one that AWS answers instead of working. */
export function throwFault(kind: FaultKind | undefined, api: string): void {
  if (kind === 'throttle') {
    if (api.startsWith('ce:')) throw new AwsError('limited', 'Rate exceeded')
    throw new AwsError(api.startsWith('lambda:') ? 'throttledLambda' : 'throttled', 'Rate exceeded')
  }
  if (kind === 'error500') {
    throw new AwsError('internal', 'The request processing has failed because of an unknown error.')
  }
  if (kind === 'error503') throw new AwsError('unavailable', 'The service is temporarily unavailable.')
  if (kind === 'expiredToken') {
    throw new AwsError('expiredToken', 'The security token included in the request is expired')
  }
  if (kind === 'denied') throw new AwsError('denied', `User is not authorized to perform: ${api}`)
}

const HTML = '<html><body><h1>502 Bad Gateway</h1></body></html>'

/** The one place where a good answer can be changed before it leaves. */
export function bendReply(kind: FaultKind | undefined, reply: Reply): Reply {
  if (kind === 'hang' || kind === 'close') return { kind }
  if (reply.kind !== 'answer') return reply
  if (kind === 'cut') return { ...reply, isCut: true }
  if (kind === 'stall') return { ...reply, isStalled: true }
  if (kind === 'htmlBody')
    return { ...reply, body: HTML, headers: { ...reply.headers, 'content-type': 'text/html' } }
  if (kind === 'emptyBody') return { ...reply, body: '' }
  if (kind !== 'brokenBody') return reply
  return { ...reply, body: reply.body.slice(0, Math.floor(reply.body.length / 2)) }
}
