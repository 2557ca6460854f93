import { startupScriptId } from '../home.ts'
import type { HostHandlers, SecretRow } from '../host-api.ts'
import type { HostParts } from '../host-parts.ts'
import { rotateKey } from '../secret/rotate.ts'
import type { StoredSecret } from '../store/store.ts'
import { unknownName } from './unknown-name.ts'

/** A set's id or the id of its Startup script, as the id that grants are kept under. */
async function resolveGrant(parts: HostParts, grantTo: string): Promise<string> {
  const sets = (await parts.store.sets.list()).map((set) => set.setId)
  const setId = sets.find((id) => grantTo === id || grantTo === startupScriptId(id))
  if (setId === undefined) throw unknownName('set', grantTo, sets, 'dff market list')
  return startupScriptId(setId)
}

function toRow({ name, updatedAtMs, grantedTo }: StoredSecret): SecretRow {
  return { name, updatedAtMs, grantedTo }
}

/** Secrets go in and never come out: lists show names, dates and grants. */
export function makeSecretHandlers(
  parts: HostParts,
): Pick<HostHandlers, 'secret.set' | 'secret.list' | 'secret.rotateKey' | 'secret.remove'> {
  const { secrets } = parts.store
  return {
    'secret.set': async ({ name, value, grantTo }) => {
      const scriptId = grantTo === null ? null : await resolveGrant(parts, grantTo)
      const stored = await parts.vault.set(name, value, scriptId)
      // A new token may be what a stopped sink waits for.
      parts.sender.reload()
      return toRow(stored)
    },
    'secret.list': async () => (await secrets.list()).map(toRow),
    'secret.rotateKey': ({ key }) => rotateKey(parts, key),
    'secret.remove': async ({ name }) => {
      const removed = await secrets.remove(name)
      // An open sink holds its token: it must not go on delivering with one that was taken away.
      parts.sender.reload()
      return { removed }
    },
  }
}
