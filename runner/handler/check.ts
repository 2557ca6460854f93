import { examine } from '../check/doctor.ts'
import { verifySet } from '../check/verify.ts'
import type { HostHandlers } from '../host-api.ts'
import type { HostParts } from '../host-parts.ts'

/** What is wrong, and whether it works. */
export function makeCheckHandlers(parts: HostParts): Pick<HostHandlers, 'doctor' | 'verify'> {
  return {
    doctor: ({ setId }, _onEvent, signal) => examine(parts, setId, signal),
    verify: ({ setId }, _onEvent, signal) => verifySet(parts, setId, signal),
  }
}
