import { SECOND_MS } from '../../core/time.ts'
import type { SendResult } from './sink.ts'

/** Code of our own DNS guard's error. */
export const REFUSED_ADDRESS = 'DFF_REFUSED_ADDRESS'

/** Errors of Node's TLS (nodejs.org/api/tls.html#x509-certificate-error-codes) that only a person can end. */
const CERTIFICATE_ADVICE: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'signed by itself',
  SELF_SIGNED_CERT_IN_CHAIN: 'signed by an authority that is not known here',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'signed by an authority that is not known here, or sent without its chain',
  UNABLE_TO_GET_ISSUER_CERT: 'signed by an authority that is not known here',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'signed by an authority that is not known here',
  CERT_HAS_EXPIRED: 'that has expired',
  CERT_NOT_YET_VALID: 'that is not valid yet',
  CERT_REVOKED: 'that was revoked',
  ERR_TLS_CERT_ALTNAME_INVALID: 'for another name',
}

const CA_REMEDY =
  'Put the certificate of its authority into a file and start the host with NODE_EXTRA_CA_CERTS=FILE.'

const CERTIFICATE_REMEDIES: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'Have it renewed, and check the clock of this machine.',
  CERT_NOT_YET_VALID: 'Check the clock of this machine.',
  CERT_REVOKED: 'Have it renewed.',
  ERR_TLS_CERT_ALTNAME_INVALID: 'Use the name that the certificate is for.',
}

/** What is asked for in the request, and within which time. */
export interface FailedRequest {
  readonly origin: string
  readonly deadlineMs: number
}

interface ErrorShape {
  readonly name?: unknown
  readonly message?: unknown
  readonly code?: unknown
  readonly address?: unknown
  readonly port?: unknown
  readonly hostname?: unknown
}

function codeOf({ code, name }: ErrorShape): string {
  // A DOMException has a number here, and an aborted request is one.
  return typeof code === 'string' ? code : typeof name === 'string' ? name : 'an unknown error'
}

/** Where the connection was tried, when that is not the sink itself: a proxy, mostly. */
function describePlace({ address, port, hostname }: ErrorShape, origin: string): string {
  const place =
    typeof address === 'string' && typeof port === 'number'
      ? `${address}:${port}`
      : typeof hostname === 'string'
        ? hostname
        : undefined
  return place === undefined || origin.includes(place) ? '' : ` at ${place}`
}

/** undici has no code of its own for a proxy that says no. */
function proxyRefusal({ message }: ErrorShape): number | undefined {
  const text = typeof message === 'string' ? message : ''
  const status = /Proxy response \((\d+)\)|Proxy Authentication Required \((407)\)/.exec(text)
  return status === null ? undefined : Number(status[1] ?? status[2])
}

function describeRefusal(status: number, origin: string): SendResult {
  const refusal = `the proxy of HTTPS_PROXY or HTTP_PROXY refuses the way to ${origin}: ${status}`
  if (status === 407) {
    const reason = `${refusal}. It wants a user name and a password: http://USER:PASSWORD@HOST:PORT.`
    return { kind: 'stopped', isUnreached: true, reason }
  }
  // A proxy that has no way now (502, 503, 504) may have one later; one that forbids does not change its mind by itself.
  if (status >= 500) return { kind: 'retry', reason: refusal }
  return {
    kind: 'stopped',
    isUnreached: true,
    reason: `${refusal}. Have it allowed there, or name the sink in NO_PROXY.`,
  }
}

/** Errors of the TLS handshake: another protocol, or a certificate that does not count. */
function describeTls(code: string, origin: string): SendResult | undefined {
  const what = Object.hasOwn(CERTIFICATE_ADVICE, code) ? CERTIFICATE_ADVICE[code] : undefined
  if (what !== undefined) {
    const remedy = CERTIFICATE_REMEDIES[code] ?? CA_REMEDY
    return {
      kind: 'stopped',
      isUnreached: true,
      reason: `${origin} shows a certificate ${what} (${code}). ${remedy}`,
    }
  }
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG') {
    const reason = `${origin} does not speak TLS (${code}). If it is a DataKit without TLS, write http:// instead.`
    return { kind: 'stopped', isUnreached: true, reason }
  }
  if (!code.startsWith('ERR_SSL_') && !code.startsWith('ERR_TLS_')) return undefined
  return { kind: 'retry', reason: `${origin}: TLS failed (${code})` }
}

/** What a request that got no answer means for its batch. Never a rejection: nothing was said about the points. */
export function describeFailure(error: unknown, { origin, deadlineMs }: FailedRequest): SendResult {
  const shape = (typeof error === 'object' && error !== null ? error : {}) as ErrorShape
  const code = codeOf(shape)
  if (code === REFUSED_ADDRESS)
    return { kind: 'stopped', isUnreached: true, reason: `${origin}: ${String(shape.message)}` }
  if (shape.name === 'TimeoutError') {
    return { kind: 'retry', reason: `${origin} gave no answer within ${deadlineMs / SECOND_MS} s` }
  }
  const status = proxyRefusal(shape)
  if (status !== undefined) return describeRefusal(status, origin)
  const tls = describeTls(code, origin)
  if (tls !== undefined) return tls
  if (code.startsWith('HPE_') || shape.name === 'HTTPParserError') {
    const reason = `${origin} answers something that is not HTTP (${code}). If it speaks TLS, write https:// instead.`
    return { kind: 'retry', reason }
  }
  return { kind: 'retry', reason: `${origin} cannot be reached: ${code}${describePlace(shape, origin)}` }
}
