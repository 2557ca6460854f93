/** Where state of one namespace in one region of one account is kept. */
export interface Place {
  /** `123456789012/us-east-1` */
  readonly scope: string
  readonly namespace: string
}

export function ledgerKey({ scope, namespace }: Place, bucket: number): string {
  return `ledger/${scope}/${namespace}/${bucket}`
}

export function digestKey({ scope, namespace }: Place, bucket: number, hour: number): string {
  return `digest/${scope}/${namespace}/${bucket}/${hour}`
}

export function longestKey({ scope, namespace }: Place, bucket: number): string {
  return `longest/${scope}/${namespace}/${bucket}`
}

export function regionKey({ scope, namespace }: Place): string {
  return `region/${scope}/${namespace}`
}
