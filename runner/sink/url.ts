import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { DffError } from '../../core/error.ts'
import { classifyAddress, refuseAddress } from './address.ts'

function badUrl(place: string, expected: string, got: string, remedy: string): DffError {
  return new DffError({ code: 'BAD_PARAMETER', place, expected, got, remedy })
}

/** The host of a URL as an address or a name, without the brackets of IPv6. */
function hostOf(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/, '$1')
}

export function isLoopbackUrl(url: URL): boolean {
  return url.hostname === 'localhost' || classifyAddress(hostOf(url)) === 'loopback'
}

/** Reads a sink's base URL; throws BAD_PARAMETER for anything else, never repeating a query or a password. */
export function parseSinkUrl(text: string, place: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !['http:', 'https:'].includes(url.protocol)) {
    throw badUrl(place, 'an http or https URL', 'something else', 'Write it like http://127.0.0.1:9529.')
  }
  if (url.search !== '' || url.hash !== '' || url.username !== '' || url.password !== '') {
    throw badUrl(
      place,
      'a base URL alone',
      'one with a query, a fragment or a user name',
      'Remove what follows the host and path; a workspace token is given apart and stored sealed.',
    )
  }
  const refusal = isIP(hostOf(url)) === 0 ? undefined : refuseAddress(hostOf(url), url.protocol)
  if (refusal !== undefined) throw refused(place, refusal)
  return url
}

function refused(place: string, refusal: string): DffError {
  return badUrl(
    place,
    'https, or http to a loopback or private address',
    refusal,
    'Use an https URL of Guance, or the address of a DataKit in your own network.',
  )
}

/**
 * Checks a URL with what its name resolves to now; throws BAD_PARAMETER. A name that does not resolve passes: the
 * sink checks again at each connection, and DNS may be down while somebody configures.
 */
export async function checkSinkUrl(text: string, place: string): Promise<void> {
  const url = parseSinkUrl(text, place)
  const found = await lookup(hostOf(url), { all: true }).catch(() => [])
  for (const { address } of found) {
    const refusal = refuseAddress(address, url.protocol)
    if (refusal !== undefined) throw refused(place, refusal)
  }
}
