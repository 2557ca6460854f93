/** A secret by name. Scripts carry it, the host's credential broker resolves it, and no task process ever sees the value. */
export interface SecretRef {
  readonly $secret: string
}

export function isSecretRef(value: unknown): value is SecretRef {
  return typeof value === 'object' && value !== null && typeof (value as SecretRef).$secret === 'string'
}

/** `DFF.SECRET('guance_aws_lambda.ak_secret')`: an opaque, frozen reference. */
export function makeSecretRef(name: string): SecretRef {
  return Object.freeze({ $secret: name })
}
