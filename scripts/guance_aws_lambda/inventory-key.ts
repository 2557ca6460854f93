import { OBJECT_CLASS } from './function-object.ts'

/** Under which the functions of a region are kept. */
export function inventoryKeyOf({
  accountId,
  region,
}: {
  readonly accountId: string
  readonly region: string
}): { readonly objectClass: string; readonly accountId: string; readonly region: string } {
  return { objectClass: OBJECT_CLASS, accountId, region }
}
