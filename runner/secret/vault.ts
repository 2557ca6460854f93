import { DffError } from '../../core/error.ts'
import type { EpochMs } from '../../core/time.ts'
import type { SecretStore, StoredSecret } from '../store/store.ts'
import { setIdOf } from '../task-scope.ts'
import { seal, unseal } from './seal.ts'

/** `guance_aws_lambda.ak_secret`, `connector.default.token`: safe in a shell, a URL and a script. */
const NAME_PATTERN = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/

/** Secrets in clear, for those in the host who may have them. No value is ever part of an error. */
export interface Vault {
  /** Stores or replaces a value; `grantTo` is a script id whose tasks may use it, or null for the host alone. */
  set(name: string, value: string, grantTo: string | null): Promise<StoredSecret>
  /** Removes a value; nothing happens where there is none. */
  forget(name: string): Promise<void>
  /** A value as the store keeps it, for whoever stores it together with other things. Throws BAD_PARAMETER. */
  seal(name: string, value: string): Uint8Array
  /** For the host's own use. Rejects with NO_SECRET, KEY_MISMATCH or STORE_CORRUPT. */
  read(name: string): Promise<string>
  /** For a script's task. Rejects with NOT_GRANTED too. */
  readFor(scriptId: string, name: string): Promise<string>
  /** Seals every value with another key, all or none, and uses that from now on; resolves with their number. Rejects with KEY_MISMATCH or STORE_CORRUPT. */
  rekey(key: Uint8Array): Promise<number>
  /** Every value that can be opened, so that output can be masked. */
  values(): Promise<readonly string[]>
}

/** What a user types so that a script's task may use the secret; without a script, the host alone. */
function storeCommand(name: string, scriptId: string | undefined): string {
  return `dff secret set ${name}${scriptId === undefined ? '' : ` --grant ${setIdOf(scriptId)}`}`
}

function noSecret(name: string, scriptId: string | undefined): DffError {
  return new DffError({
    code: 'NO_SECRET',
    place: `secret ${name}`,
    expected: 'a stored secret',
    got: 'none of this name',
    remedy: `Store it with: ${storeCommand(name, scriptId)}`,
  })
}

function notGranted(scriptId: string, secret: StoredSecret): DffError {
  return new DffError({
    code: 'NOT_GRANTED',
    place: `secret ${secret.name}`,
    expected: `a grant to ${scriptId}`,
    got: secret.grantedTo.length === 0 ? 'no grant' : `grants to ${secret.grantedTo.join(', ')}`,
    remedy: `To let it, enter the secret again with: ${storeCommand(secret.name, scriptId)}`,
  })
}

function checkSecret(name: string, value: string): void {
  const base = { code: 'BAD_PARAMETER', place: `secret ${name}` } as const
  if (!NAME_PATTERN.test(name)) {
    const expected = 'a name of letters, digits, dots, dashes and underscores, at most 128'
    throw new DffError({
      ...base,
      place: 'secret name',
      expected,
      got: 'another one',
      remedy: 'Choose such a name.',
    })
  }
  if (value === '') {
    const remedy = `Give a value, or remove the secret with: dff secret rm ${name}`
    throw new DffError({ ...base, expected: 'a value', got: 'an empty text', remedy })
  }
}

async function find(secrets: SecretStore, name: string, scriptId?: string): Promise<StoredSecret> {
  const secret = await secrets.get(name)
  if (secret === undefined) throw noSecret(name, scriptId)
  return secret
}

function tryUnseal(key: Uint8Array, secret: StoredSecret): string[] {
  try {
    return [unseal(key, secret.name, secret.sealed)]
  } catch {
    // What cannot be opened here cannot leak from here either, and masking the others must go on.
    return []
  }
}

/** Joins the sealed store with the key of this home. */
export function createVault(
  secrets: SecretStore,
  firstKey: Uint8Array,
  now: () => EpochMs = Date.now,
): Vault {
  let key = firstKey
  const sealChecked = (name: string, value: string): Uint8Array => {
    checkSecret(name, value)
    return seal(key, name, value)
  }
  return {
    seal: sealChecked,
    async set(name, value, grantTo) {
      await secrets.put(name, sealChecked(name, value), now())
      if (grantTo !== null) await secrets.grant(name, grantTo)
      return find(secrets, name)
    },
    async forget(name) {
      await secrets.remove(name)
    },
    async read(name) {
      return unseal(key, name, (await find(secrets, name)).sealed)
    },
    async readFor(scriptId, name) {
      const secret = await find(secrets, name, scriptId)
      if (!secret.grantedTo.includes(scriptId)) throw notGranted(scriptId, secret)
      return unseal(key, name, secret.sealed)
    },
    async rekey(next) {
      const resealed = await secrets.reseal((name, sealed) => seal(next, name, unseal(key, name, sealed)))
      key = next
      return resealed
    },
    async values() {
      return (await secrets.list()).flatMap((secret) => tryUnseal(key, secret))
    },
  }
}
