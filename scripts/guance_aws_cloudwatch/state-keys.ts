/** Where state of one namespace in one region of one account is kept. */
export interface Place {
  /** `123456789012/us-east-1` */
  readonly scope: string
  readonly namespace: string
  /** Kept apart from everything else's: another function collects it, at the same time. */
  readonly tier?: 'critical'
}

/** `123456789012/us-east-1/AWS/Lambda`; a tier behind it. */
export function placeKey({ scope, namespace, tier }: Place): string {
  return tier === undefined ? `${scope}/${namespace}` : `${scope}/${namespace}~${tier}`
}

export function ledgerKey(place: Place, bucket: number): string {
  return `ledger/${placeKey(place)}/${bucket}`
}

export function digestKey(place: Place, bucket: number, hour: number): string {
  return `digest/${placeKey(place)}/${bucket}/${hour}`
}

export function longestKey(place: Place, bucket: number): string {
  return `longest/${placeKey(place)}/${bucket}`
}

export function regionKey(place: Place): string {
  return `region/${placeKey(place)}`
}
