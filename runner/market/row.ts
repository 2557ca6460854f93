import type { Json } from '../../core/json.ts'
import type { SetManifest } from '../../core/schema-types.generated.ts'

/** A set of the listing, with what of it is installed. */
export interface MarketRow {
  readonly manifest: SetManifest
  readonly digest: string
  readonly installedVersion: string | null
  readonly isUpdateWaiting: boolean
}

export interface MarketEntry extends MarketRow {
  /** JSON Schema of the install form, absent for a set that is only imported. */
  readonly parameters: Readonly<Record<string, Json>> | null
  readonly files: readonly { readonly path: string; readonly bytes: number; readonly sha256: string }[]
}
