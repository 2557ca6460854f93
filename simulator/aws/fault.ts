import type { Reply } from '../http.ts'
import { AwsError } from './error.ts'

export const FAULT_KINDS = ['throttle', 'error500', 'hang', 'brokenBody'] as const
export type FaultKind = (typeof FAULT_KINDS)[number]

/** Makes the next calls of an API fail. */
export interface Fault {
  readonly api: string
  readonly kind: FaultKind
  /** How many calls; each one that fails takes one off. */
  readonly times: number
  /** Only calls for this region. */
  readonly region?: string
}

/** The faults that are still to come, in the order in which they were asked for. */
export interface Faults {
  list(): readonly Fault[]
  add(fault: Fault): void
  clear(): void
  /** The fault of this call, if it is to fail; takes it off the list. */
  take(api: string, region: string): FaultKind | undefined
}

/** Creates the list of faults, empty. */
export function createFaults(): Faults {
  let waiting: Fault[] = []
  return {
    list: () => waiting,
    add(fault) {
      waiting.push(fault)
    },
    clear() {
      waiting = []
    },
    take(api, region) {
      const fault = waiting.find((each) => each.api === api && (each.region ?? region) === region)
      if (fault === undefined) return undefined
      const rest = fault.times > 1 ? [{ ...fault, times: fault.times - 1 }] : []
      waiting = waiting.flatMap((each) => (each === fault ? rest : [each]))
      return fault.kind
    },
  }
}

/** Refuses the call when its fault is one that AWS answers instead of working. */
export function throwFault(kind: FaultKind | undefined, api: string): void {
  if (kind === 'throttle') {
    throw new AwsError(api.startsWith('lambda:') ? 'throttledLambda' : 'throttled', 'Rate exceeded')
  }
  if (kind === 'error500') {
    throw new AwsError('internal', 'The request processing has failed because of an unknown error.')
  }
}

/** The one place where a good answer can be changed before it leaves: today it can be lost or cut in the middle. */
export function bendReply(kind: FaultKind | undefined, reply: Reply): Reply {
  if (kind === 'hang') return { kind: 'hang' }
  if (kind !== 'brokenBody' || reply.kind !== 'answer') return reply
  return { ...reply, body: reply.body.slice(0, Math.floor(reply.body.length / 2)) }
}
