import { type ClientRequest, type IncomingMessage, request as httpRequest } from 'node:http'
import { DffError, type ErrorParts } from '../../core/error.ts'
import type { HomePaths } from '../home.ts'
import type { HostEvent } from '../host-api.ts'
import { PACKAGE_VERSION } from '../package.ts'
import { checkSocketFolder } from './folder.ts'
import { type Call, type Frame, VERSION_HEADER } from './frame.ts'
import { readToken } from './token.ts'

/** Nobody listens (any more): the caller may own the home itself or try again. */
export class HostGone extends Error {
  constructor(cause?: unknown) {
    super('no host answers on the socket', { cause })
    this.name = 'HostGone'
  }
}

/** Nobody is behind the socket, or nobody with this token: an owner that is leaving, or one that is not up yet. */
const GONE_CODES: ReadonlySet<string> = new Set(['ENOENT', 'ECONNREFUSED'])

function wrongVersion(hostVersion: string): DffError {
  return new DffError({
    code: 'HOME_BUSY',
    place: 'host socket',
    expected: `a host of version ${PACKAGE_VERSION}`,
    got: `one of version ${hostVersion}`,
    remedy: 'Stop the running host and start it again with this version.',
  })
}

function cutOff(cause: unknown): DffError {
  return new DffError(
    {
      code: 'HOME_BUSY',
      place: 'host socket',
      expected: 'an answer',
      got: 'the end of the connection: the host ended while it worked on this',
      remedy: 'See what became of it with dff task list, then try again.',
    },
    { cause },
  )
}

function open(paths: HomePaths, call: Call, signal: AbortSignal): Promise<IncomingMessage> {
  const token = readToken(paths.socketToken)
  if (token === undefined) throw new HostGone()
  checkSocketFolder(paths)
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}`, [VERSION_HEADER]: PACKAGE_VERSION }
    const request: ClientRequest = httpRequest(
      { socketPath: paths.socket, method: 'POST', path: '/call', headers, agent: false, signal },
      resolve,
    )
    request.on('error', (error: NodeJS.ErrnoException) =>
      reject(GONE_CODES.has(error.code ?? '') ? new HostGone(error) : cutOff(error)),
    )
    request.end(JSON.stringify(call))
  })
}

async function readText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}

async function checkAnswer(response: IncomingMessage): Promise<void> {
  if (response.statusCode === 200) return
  const text = await readText(response)
  // A token that is not theirs belongs to the owner before or after: read it again.
  if (response.statusCode === 401) throw new HostGone()
  if (response.statusCode === 409) throw wrongVersion(text)
  throw cutOff(new Error(`HTTP ${response.statusCode}: ${text}`))
}

/** One frame per line; the last line ends with a newline too. Rejects when the connection breaks. */
async function* readFrames(response: IncomingMessage): AsyncGenerator<Frame> {
  let rest = ''
  response.setEncoding('utf8')
  for await (const chunk of response as AsyncIterable<string>) {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) yield JSON.parse(line) as Frame
  }
}

/** Calls the owner over its socket; rejects with the handler's DffError, or with HostGone when nobody is there to have begun it. */
export async function callSocket(
  paths: HomePaths,
  call: Call,
  onEvent: (event: HostEvent) => void,
  signal: AbortSignal,
): Promise<unknown> {
  const response = await open(paths, call, signal)
  await checkAnswer(response)
  let last: { readonly result: unknown } | { readonly error: ErrorParts } | undefined
  try {
    for await (const frame of readFrames(response)) {
      if ('event' in frame) onEvent(frame.event)
      else last = frame
    }
  } catch (error) {
    throw cutOff(error)
  }
  if (last === undefined) throw cutOff(undefined)
  if ('error' in last) throw new DffError(last.error)
  return last.result
}
