/** X.509 certificates made on the spot, so that no key has to be kept in the repository (RFC 5280 §4.1, DER by hand). */
import { generateKeyPairSync, sign } from 'node:crypto'

export interface Certificate {
  readonly key: string
  readonly cert: string
}

interface CertificateOptions {
  /** Host name or IPv4 address that it is for. */
  readonly host: string
  readonly notBefore?: Date
  readonly notAfter?: Date
}

const DAY_MS = 86_400_000
const SEQUENCE = 0x30

function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts)
  const { length } = content
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...size]), content])
}

/** ecdsa-with-SHA256, commonName, subjectAltName, basicConstraints. */
const OIDS = {
  ecdsaSha256: [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02],
  commonName: [0x55, 0x04, 0x03],
  subjectAltName: [0x55, 0x1d, 0x11],
  basicConstraints: [0x55, 0x1d, 0x13],
} as const

const oid = (name: keyof typeof OIDS): Buffer => der(0x06, Buffer.from(OIDS[name]))

function time(date: Date): Buffer {
  return der(0x18, Buffer.from(date.toISOString().replaceAll(/[-:T]|\.\d+/g, '')))
}

function nameOf(text: string): Buffer {
  return der(SEQUENCE, der(0x31, der(SEQUENCE, oid('commonName'), der(0x0c, Buffer.from(text)))))
}

function alternativeName(host: string): Buffer {
  const isAddress = /^[\d.]+$/.test(host)
  return isAddress ? der(0x87, Buffer.from(host.split('.').map(Number))) : der(0x82, Buffer.from(host))
}

function extension(name: keyof typeof OIDS, value: Buffer): Buffer {
  return der(SEQUENCE, oid(name), der(0x04, value))
}

/** A certificate signed by its own key, valid from yesterday until tomorrow unless said otherwise. */
export function makeCertificate({ host, notBefore, notAfter }: CertificateOptions): Certificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const algorithm = der(SEQUENCE, oid('ecdsaSha256'))
  const name = nameOf(host)
  const nowMs = Date.now()
  const validity = der(
    SEQUENCE,
    time(notBefore ?? new Date(nowMs - DAY_MS)),
    time(notAfter ?? new Date(nowMs + DAY_MS)),
  )
  const extensions = der(
    SEQUENCE,
    extension('basicConstraints', der(SEQUENCE, der(0x01, Buffer.of(0xff)))),
    extension('subjectAltName', der(SEQUENCE, alternativeName(host))),
  )
  const toBeSigned = der(
    SEQUENCE,
    der(0xa0, der(0x02, Buffer.of(2))),
    der(0x02, Buffer.of(1)),
    algorithm,
    name,
    validity,
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, extensions),
  )
  const signature = der(0x03, Buffer.of(0), sign('sha256', toBeSigned, privateKey))
  const whole = der(SEQUENCE, toBeSigned, algorithm, signature).toString('base64')
  const lines = whole.match(/.{1,64}/g) ?? []
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`,
  }
}
