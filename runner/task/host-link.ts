import { Socket } from 'node:net'
import { coerceError, DffError } from '../../core/error.ts'
import { CHANNEL_FD, encodeFrame, FrameReader } from './frame.ts'
import type { ChildMessage, HostMessage, Reply, ReplyValue, RequestBody, StartMessage } from './ipc.ts'

/** More at once gains nothing, the host answers in turn, and it refuses a child that floods it. */
const MAX_REQUESTS_IN_FLIGHT = 16

interface Waiting {
  readonly resolve: (value: ReplyValue) => void
  readonly reject: (error: DffError) => void
}

/** The task's side of the channel to its host. */
export interface HostLink {
  /** The first message. */
  readonly start: Promise<StartMessage>
  /** Aborts when the host asks the task to stop. */
  readonly signal: AbortSignal
  send(message: ChildMessage): void
  /** Sends the last message and resolves when it has left the process. */
  sendLast(message: ChildMessage): Promise<void>
  request(body: RequestBody): Promise<ReplyValue>
}

/** Ends this process at once. Not exit(): handlers that a script has added must not get a chance to stay. */
export function endProcess(): void {
  process.kill(process.pid, 'SIGKILL')
}

/** Calls `receive` with each message and gives what sends one, which resolves when it has left the process. */
function serveChannel(
  channel: Socket,
  receive: (message: HostMessage) => void,
): (message: ChildMessage) => Promise<void> {
  const reader = new FrameReader()
  channel.on('data', (bytes: Buffer) => {
    // The host is trusted: what it says has the shape that ipc.ts gives it.
    reader.feed(bytes, (message) => receive(message as HostMessage))
  })
  channel.on('error', endProcess)
  channel.on('close', endProcess)
  return (message) =>
    new Promise((resolve) => {
      channel.write(encodeFrame(message), () => resolve())
    })
}

/** This process's end of the pipe to the host. */
export function openChannel(): Socket {
  return new Socket({ fd: CHANNEL_FD, readable: true, writable: true })
}

/** Speaks over the channel; a task without its host has nobody to commit to, so it ends with the channel. */
export function openHostLink(channel: Socket): HostLink {
  const start = Promise.withResolvers<StartMessage>()
  const abort = new AbortController()
  const waiting = new Map<number, Waiting>()
  const queue: (() => void)[] = []
  let lastRequestId = 0

  const settle = (reply: Reply): void => {
    const request = waiting.get(reply.requestId)
    waiting.delete(reply.requestId)
    if (reply.ok) request?.resolve(reply.value)
    else request?.reject(new DffError(reply.error))
    queue.shift()?.()
  }
  const receive = (message: HostMessage): void => {
    if (message.kind === 'start') start.resolve(message)
    else if (message.kind === 'reply') settle(message)
    else
      abort.abort(
        new DffError({
          code: 'TASK_FAILED',
          place: 'task',
          expected: 'the host to let the task run on',
          got: 'its request to stop',
          remedy: 'The task record says why.',
        }),
      )
  }
  const post = serveChannel(channel, receive)

  return {
    start: start.promise,
    signal: abort.signal,
    send: (message) => void post(message),
    sendLast: post,
    request(body) {
      const { promise, resolve, reject } = Promise.withResolvers<ReplyValue>()
      const go = (): void => {
        lastRequestId += 1
        const requestId = lastRequestId
        waiting.set(requestId, { resolve, reject })
        post({ kind: 'request', requestId, body }).catch((error: unknown) => {
          waiting.delete(requestId)
          reject(coerceError(error, body.kind))
          queue.shift()?.()
        })
      }
      if (waiting.size < MAX_REQUESTS_IN_FLIGHT) go()
      else queue.push(go)
      return promise
    },
  }
}
