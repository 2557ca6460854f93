import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { headerOf, type Request } from '../http.ts'
import { AwsError } from './error.ts'

/** The `Authorization` header of Signature Version 4, taken apart. */
export interface Authorization {
  readonly accessKeyId: string
  readonly date: string
  readonly region: string
  readonly service: string
  readonly signedHeaders: readonly string[]
  readonly signature: string
}

const ALGORITHM = 'AWS4-HMAC-SHA256'

/** Reads the header. Throws an AwsError when it is absent or incomplete. */
export function parseAuthorization(request: Request): Authorization {
  const header = headerOf(request.headers, 'authorization')
  if (header === '') throw new AwsError('missingAuth', 'Missing Authentication Token')
  const match =
    /^AWS4-HMAC-SHA256 Credential=([^,]+), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(header)
  const [accessKeyId, date, region, service, ending] = (match?.[1] ?? '').split('/')
  const isWhole = accessKeyId && date && region && service && ending === 'aws4_request'
  if (!match || !isWhole) {
    throw new AwsError(
      'incompleteSignature',
      "Authorization header requires 'Credential', 'SignedHeaders' and 'Signature' parameters.",
    )
  }
  return {
    accessKeyId,
    date,
    region,
    service,
    signedHeaders: (match[2] ?? '').split(';'),
    signature: match[3] ?? '',
  }
}

function sha256(data: string | Buffer): string {
  return createHash('sha256').update(data).digest('hex')
}

function hmac(key: string | Buffer, data: string): Buffer {
  return createHmac('sha256', key).update(data).digest()
}

/** RFC 3986: what encodeURIComponent leaves alone but AWS encodes. */
function encodeUri(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

/** Every service but S3 signs a path that is encoded once more than the one on the wire. */
function canonicalPath(rawPath: string): string {
  return rawPath.split('/').map(encodeUri).join('/')
}

function canonicalQuery(query: URLSearchParams): string {
  return [...query]
    .map(([name, value]) => `${encodeUri(name)}=${encodeUri(value)}`)
    .toSorted()
    .join('&')
}

function canonicalHeaders(request: Request, names: readonly string[]): string {
  return names
    .map((name) => `${name}:${headerOf(request.headers, name).trim().replaceAll(/ +/g, ' ')}\n`)
    .join('')
}

function expectedSignature(request: Request, authorization: Authorization, secret: string): Buffer {
  const { date, region, service, signedHeaders } = authorization
  const canonical = [
    request.method,
    canonicalPath(request.rawPath),
    canonicalQuery(request.query),
    canonicalHeaders(request, signedHeaders),
    signedHeaders.join(';'),
    sha256(request.body),
  ].join('\n')
  const scope = `${date}/${region}/${service}/aws4_request`
  const toSign = [ALGORITHM, headerOf(request.headers, 'x-amz-date'), scope, sha256(canonical)].join('\n')
  const key = hmac(hmac(hmac(hmac(`AWS4${secret}`, date), region), service), 'aws4_request')
  return hmac(key, toSign)
}

/** Whether the request was signed with this secret and arrived as it was signed: method, path, query, headers and body. */
export function isSignedWith(secret: string, request: Request, authorization: Authorization): boolean {
  const given = Buffer.from(authorization.signature, 'hex')
  return timingSafeEqual(given, expectedSignature(request, authorization, secret))
}

/** `20261123T183600Z` of the request in ms; NaN when it is not a time. */
export function signedAtMs(request: Request): number {
  const iso = headerOf(request.headers, 'x-amz-date').replace(
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/,
    '$1-$2-$3T$4:$5:$6Z',
  )
  return Date.parse(iso)
}
