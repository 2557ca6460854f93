/** What an installed set may use of the host. An upgrade that wants more is refused until somebody says yes. */
import { DffError } from '../../core/error.ts'
import type { ListedSet } from '../../core/schema-types.generated.ts'
import type { InstalledSet } from '../store/store.ts'
import { type FormSchema, secretName, secretParameters } from './form.ts'

const USES: Readonly<Record<string, string>> = { aws: "AWS credentials of the host's own environment" }

type Asking = Pick<InstalledSet, 'setId' | 'manifest'> & { readonly form: FormSchema | null }

/** In a person's words: what the host's broker and vault give to the tasks of a set. */
function grantsOf({ setId, manifest, form }: Asking): readonly string[] {
  const secrets = secretParameters(form ?? {}).map(
    (parameter) => `the secret ${secretName(setId, parameter)}`,
  )
  return [...manifest.uses.map((use) => USES[use] ?? use), ...secrets]
}

/** Throws NOT_GRANTED naming what the listed version wants beyond the installed one. */
export function refuseWidening(before: InstalledSet | undefined, listed: ListedSet): void {
  if (before === undefined) return
  const { manifest } = listed
  const granted = new Set(grantsOf(before))
  // The listing's schema types the form as an open object; it was read as JSON.
  const form = (listed.parameters ?? null) as FormSchema | null
  const wanted = grantsOf({ setId: manifest.id, manifest, form }).filter((grant) => !granted.has(grant))
  if (wanted.length === 0) return
  throw new DffError({
    code: 'NOT_GRANTED',
    place: `set ${manifest.id} ${manifest.version}`,
    expected: `no more than version ${before.version} was granted`,
    got: `a wish for ${wanted.join(' and ')}`,
    remedy: `Read its CHANGELOG first. To grant it, type dff install ${manifest.id} --grant. Nothing was changed.`,
  })
}
