import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer, request } from 'node:http'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DffError } from '../../../core/error.ts'
import { type HomePaths, homePaths } from '../../../runner/home.ts'
import type { HostEvent, HostHandlers } from '../../../runner/host-api.ts'
import { PACKAGE_VERSION } from '../../../runner/package.ts'
import { callSocket, HostGone } from '../../../runner/socket/client.ts'
import { serveSocket, type SocketServer } from '../../../runner/socket/server.ts'

let root: string
let paths: HomePaths
let server: SocketServer | undefined

const never = new AbortController().signal

/** Two real methods of the table; the others are not called here. */
function makeHandlers(overrides: Partial<HostHandlers> = {}): HostHandlers {
  return {
    'task.list': async () => [],
    'secret.remove': async ({ name }: { readonly name: string }) => {
      throw new DffError({ code: 'UNKNOWN_NAME', place: name, expected: 'x', got: 'y', remedy: 'z' })
    },
    ...overrides,
  } as HostHandlers
}

function open(home = join(root, 'home')): void {
  paths = homePaths(home)
  mkdirSync(paths.dff, { recursive: true, mode: 0o700 })
}

function post(headers: Record<string, string>, path = '/call'): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const call = request(
      { socketPath: paths.socket, method: 'POST', path, headers, agent: false },
      (response) => {
        let text = ''
        response.on('data', (chunk: Buffer) => {
          text += chunk.toString('utf8')
        })
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text }))
      },
    )
    call.on('error', reject)
    call.end('{"method":"task.list","input":{}}')
  })
}

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'dff-socket-'))
  open()
})

afterEach(async () => {
  await server?.close()
  server = undefined
  rmSync(root, { recursive: true, force: true })
})

describe('the control socket', () => {
  it('is the user’s alone, and so is its token', async () => {
    server = await serveSocket(paths, makeHandlers())
    expect(statSync(paths.socket).mode & 0o777).toBe(0o600)
    expect(statSync(paths.socketToken).mode & 0o777).toBe(0o600)
    expect(readFileSync(paths.socketToken, 'utf8')).toMatch(/^[0-9a-f]{64}$/)
  })

  it('carries results, events and errors', async () => {
    const seen: HostEvent[] = []
    server = await serveSocket(
      paths,
      makeHandlers({
        'task.list': async (_input, onEvent) => {
          onEvent({ kind: 'note', text: 'über 中文\n' })
          return []
        },
      }),
    )
    const call = { method: 'task.list', input: {} } as const
    expect(await callSocket(paths, call, (event) => seen.push(event), never)).toEqual([])
    expect(seen).toEqual([{ kind: 'note', text: 'über 中文\n' }])
    const refused = callSocket(
      paths,
      { method: 'secret.remove', input: { name: 'n' } },
      () => undefined,
      never,
    )
    await expect(refused).rejects.toMatchObject({ code: 'UNKNOWN_NAME', parts: { place: 'n', remedy: 'z' } })
    const unknown = callSocket(paths, { method: 'toString' as 'status', input: {} }, () => undefined, never)
    await expect(unknown).rejects.toMatchObject({ code: 'BAD_USAGE' })
  })

  it('refuses whoever lacks the token', async () => {
    server = await serveSocket(paths, makeHandlers())
    const version = { 'x-dff-version': PACKAGE_VERSION }
    expect((await post(version)).status).toBe(401)
    expect((await post({ ...version, authorization: 'Bearer wrong' })).status).toBe(401)
    const token = readFileSync(paths.socketToken, 'utf8')
    expect((await post({ ...version, authorization: `Bearer ${token}` })).status).toBe(200)
    expect((await post({ ...version, authorization: `Bearer ${token}` }, '/other')).status).toBe(404)
  })

  it('names the version of a host that is another one', async () => {
    server = await serveSocket(paths, makeHandlers())
    const token = readFileSync(paths.socketToken, 'utf8')
    const answer = await post({ authorization: `Bearer ${token}`, 'x-dff-version': '0.0.1' })
    expect(answer).toEqual({ status: 409, text: PACKAGE_VERSION })
  })

  it('tells a handler when its caller has gone', async () => {
    const started = Promise.withResolvers<void>()
    const gone = Promise.withResolvers<void>()
    server = await serveSocket(
      paths,
      makeHandlers({
        'task.list': async (_input, _onEvent, signal) => {
          signal.addEventListener('abort', () => gone.resolve())
          started.resolve()
          await gone.promise
          return []
        },
      }),
    )
    const controller = new AbortController()
    const call = callSocket(paths, { method: 'task.list', input: {} }, () => undefined, controller.signal)
    call.catch(() => undefined)
    await started.promise
    controller.abort()
    await gone.promise
    await expect(call).rejects.toBeDefined()
  })

  it('answers what is under way before it closes, and leaves nothing on the disk', async () => {
    const started = Promise.withResolvers<void>()
    const release = Promise.withResolvers<void>()
    server = await serveSocket(
      paths,
      makeHandlers({
        'task.list': async () => {
          started.resolve()
          await release.promise
          return []
        },
      }),
    )
    const call = callSocket(paths, { method: 'task.list', input: {} }, () => undefined, never)
    await started.promise
    const closing = server.close()
    release.resolve()
    expect(await call).toEqual([])
    await closing
    expect(() => statSync(paths.socket)).toThrow('ENOENT')
    expect(() => statSync(paths.socketToken)).toThrow('ENOENT')
    const late = callSocket(paths, { method: 'task.list', input: {} }, () => undefined, never)
    await expect(late).rejects.toBeInstanceOf(HostGone)
  })

  it('replaces the socket of an owner that was killed', async () => {
    writeFileSync(paths.socket, 'stale')
    server = await serveSocket(paths, makeHandlers())
    expect(await callSocket(paths, { method: 'task.list', input: {} }, () => undefined, never)).toEqual([])
  })

  it('moves to a private folder when the home’s path is too long for a socket', async () => {
    open(join(root, 'a-rather-long-name-of-a-folder-'.repeat(5)))
    server = await serveSocket(paths, makeHandlers())
    const folder = dirname(paths.socket)
    expect(folder.startsWith(join(tmpdir(), 'dff-'))).toBe(true)
    expect(statSync(folder).mode & 0o777).toBe(0o700)
    expect(await callSocket(paths, { method: 'task.list', input: {} }, () => undefined, never)).toEqual([])
    await server.close()
    server = undefined
    rmSync(folder, { recursive: true })
  })

  it('is neither served nor called in a folder that somebody else has put in its place', async () => {
    open(join(root, 'a-rather-long-name-of-a-folder-'.repeat(5)))
    server = await serveSocket(paths, makeHandlers())
    const folder = dirname(paths.socket)
    const elsewhere = join(root, 'elsewhere')
    mkdirSync(elsewhere)
    // As when the temporary directory was tidied while the host ran; the token is still in the home.
    rmSync(folder, { recursive: true })
    symlinkSync(elsewhere, folder)
    const heard: (string | undefined)[] = []
    const listener = createServer((call, response) => {
      heard.push(call.headers.authorization)
      response.end()
    })
    await new Promise<void>((resolve) => void listener.listen(join(elsewhere, 'host.sock'), resolve))
    try {
      const calling = callSocket(paths, { method: 'task.list', input: {} }, () => undefined, never)
      await expect(calling).rejects.toMatchObject({ code: 'HOME_UNUSABLE', parts: { place: folder } })
      expect(heard).toEqual([])
      await expect(serveSocket(paths, makeHandlers())).rejects.toMatchObject({ code: 'HOME_UNUSABLE' })
    } finally {
      listener.close()
      rmSync(folder)
    }
  })
})
