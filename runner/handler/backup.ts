import { createBackup } from '../backup/create.ts'
import type { HostHandlers } from '../host-api.ts'
import type { HostParts } from '../host-parts.ts'

/** Copies of the home, and the way for one to be put back. */
export function makeBackupHandlers(parts: HostParts): Pick<HostHandlers, 'backup' | 'home.lend'> {
  return {
    backup: (request) => createBackup(parts, request),
    'home.lend': async () => {
      parts.lend()
      return { isLent: true }
    },
  }
}
