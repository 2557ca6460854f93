/**
 * How full a connector's part of the outbox is. Collection pauses before it is full, because CloudWatch keeps what was
 * not collected for 15 days, while a request whose points find no room has cost money for nothing. Pure.
 */
import { DffError } from '../../core/error.ts'
import type { OutboxRoom } from '../store/outbox-store.ts'

/** From here on record, status and doctor warn: a day or more of most accounts is left. */
const WARNING_SHARE = 0.8
/** From here on nothing is asked of AWS; what is left takes the slices of tasks that run already. */
const PAUSE_SHARE = 0.95

const BYTES_PER_MB = 1024 ** 2

export type Pressure = 'low' | 'high' | 'paused'

/** Dead batches count as well: they lie on the same disk. */
export function judgePressure({ waitingBytes, deadBytes, maxBytes }: OutboxRoom): Pressure {
  const share = (waitingBytes + deadBytes) / maxBytes
  if (share < WARNING_SHARE) return 'low'
  return share < PAUSE_SHARE ? 'high' : 'paused'
}

function toMb(bytes: number): string {
  return String(Math.ceil(bytes / BYTES_PER_MB))
}

/** `812 MB wait for delivery, 3 MB are dead, of at most 1024 MB` */
export function describeRoom({ waitingBytes, deadBytes, maxBytes }: OutboxRoom): string {
  return `${toMb(waitingBytes)} MB wait for delivery, ${toMb(deadBytes)} MB are dead, of at most ${toMb(maxBytes)} MB`
}

/** What makes room again. */
export function adviseRoom({ waitingBytes, deadBytes }: OutboxRoom): string {
  const wait = 'Let the sink take what waits: see dff status and dff connector test.'
  const dead =
    'Batches that the sink refused for good take room too: dff outbox list --state dead says why; then dff outbox retry or dff outbox drop.'
  return [waitingBytes > 0 ? wait : '', deadBytes > 0 ? dead : ''].join(' ').trim()
}

/** Why a tick did not collect. */
export function describePause(connectorId: string, room: OutboxRoom): string {
  return `Collection is paused: the outbox of connector ${connectorId} is nearly full (${describeRoom(room)}). CloudWatch keeps what is not collected for 15 days, and it goes on by itself when there is room. ${adviseRoom(room)}`
}

/** OUTBOX_FULL: there is no room for a slice, or not enough to begin. */
export function outboxFull(connectorId: string, room: OutboxRoom, remedy: string): DffError {
  const { waitingBytes, deadBytes, maxBytes } = room
  return new DffError({
    code: 'OUTBOX_FULL',
    place: `outbox of connector ${connectorId}`,
    expected: `room within ${maxBytes} bytes`,
    got: `${waitingBytes} bytes that wait for delivery and ${deadBytes} bytes of dead batches`,
    remedy: `${remedy} ${adviseRoom(room)}`,
  })
}
