/** What crosses the control socket: a call as one JSON body, answered by one JSON document per line. */
import type { ErrorParts } from '../../core/error.ts'
import type { HostEvent, MethodName } from '../host-api.ts'

export interface Call {
  readonly method: MethodName
  readonly input: unknown
}

/** Events while the call runs, then exactly one result or error as the last line. */
export type Frame =
  | { readonly event: HostEvent }
  | { readonly result: unknown }
  | { readonly error: ErrorParts }

/** Both sides must be the same version: the shapes of host-api.ts are not versioned one by one. */
export const VERSION_HEADER = 'x-dff-version'

/** Form values are the largest input; a list of every region with room to spare. */
export const MAX_CALL_BYTES = 1024 * 1024
