import { access, constants, statfs } from 'node:fs/promises'
import type { Check } from '../../core/script.ts'
import { formatTime, SECOND_MS } from '../../core/time.ts'
import { DEFAULT_CONNECTOR_ID } from '../connector/connector-id.ts'
import { findWritable } from '../home-modes.ts'
import type { HostParts } from '../host-parts.ts'
import { adviseRoom, describeRoom, judgePressure } from '../outbox/pressure.ts'
import type { LaneTotals } from '../store/outbox-store.ts'

/** Oldest Node that strips types and has node:sqlite without a flag; package.json says the same. */
const MIN_NODE = [22, 19] as const

/** A full disk stops every commit; a day of a large account is some hundred megabytes. */
const MIN_FREE_MB = 200

/** Design: a local clock more than this away makes ticks and windows wrong. */
const MAX_CLOCK_ERROR_MS = 60 * SECOND_MS

function checkNode(): Check {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const isNew = major > MIN_NODE[0] || (major === MIN_NODE[0] && minor >= MIN_NODE[1])
  const title = `Node ${MIN_NODE.join('.')} or newer`
  const detail = `${process.version} at ${process.execPath}`
  if (isNew) return { id: 'host.node', status: 'ok', title, detail }
  return {
    id: 'host.node',
    status: 'failed',
    title,
    detail,
    remedy: 'Install a current Node, or omit --omit=optional.',
  }
}

async function checkHome({ paths }: HostParts): Promise<Check> {
  const id = 'host.home'
  const title = 'The home can be written'
  try {
    await access(paths.dff, constants.R_OK | constants.W_OK)
    const { bavail, bsize } = await statfs(paths.dff)
    const freeMb = Math.floor((bavail * bsize) / 1024 ** 2)
    const detail = `${paths.root}, ${freeMb} MB free`
    if (freeMb >= MIN_FREE_MB) return { id, status: 'ok', title, detail }
    return { id, status: 'warning', title, detail, remedy: `Make room: at least ${MIN_FREE_MB} MB.` }
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error)
    return { id, status: 'failed', title, detail, remedy: 'Correct the permissions or choose another home.' }
  }
}

/** What was written earlier cannot have happened later: such a time means that the clock was set back. */
async function checkClock({ store }: HostParts): Promise<Check> {
  const nowMs = Date.now()
  const [newest] = await store.records.list({ limit: 1, funcId: null, status: null })
  const ticks = (await store.triggers.list()).map((trigger) => trigger.lastTickMs ?? 0)
  const acknowledgedMs = (await store.outbox.acknowledged()).lastMs ?? 0
  const latestMs = Math.max(acknowledgedMs, newest?.endTimeMs ?? 0, newest?.startTimeMs ?? 0, ...ticks)
  const base = { id: 'host.clock', title: 'The clock moves forward' }
  const detail = `it is ${formatTime(nowMs)}`
  if (latestMs <= nowMs + MAX_CLOCK_ERROR_MS) return { ...base, status: 'ok', detail }
  return {
    ...base,
    status: 'failed',
    detail: `${detail}, but something was done at ${formatTime(latestMs)}`,
    remedy: 'Synchronise the clock (NTP): windows, schedules and signatures depend on it.',
  }
}

/** Dead batches and waiting ones share a connector's bound; near it collection pauses. */
function checkLane({ connectorId, ...room }: LaneTotals): Check {
  const isDefault = connectorId === DEFAULT_CONNECTOR_ID
  const base = {
    id: isDefault ? 'host.outbox' : `host.outbox.${connectorId}`,
    title: isDefault ? 'The outbox has room' : `The outbox of connector ${connectorId} has room`,
    detail: describeRoom(room),
  }
  const pressure = judgePressure(room)
  if (pressure === 'low') return { ...base, status: 'ok' }
  const remedy = adviseRoom(room)
  if (pressure === 'high') return { ...base, status: 'warning', remedy }
  return { ...base, status: 'failed', detail: `${base.detail}: collection is paused`, remedy }
}

async function checkOutbox({ store }: HostParts): Promise<Check[]> {
  const lanes = await store.outbox.lanes()
  return lanes.map(checkLane)
}

/** Whoever may write a Startup script decides what runs here. */
function checkModes({ paths }: HostParts): Check {
  const base = { id: 'host.modes', title: 'Nobody else can write Startup scripts' }
  const writable = findWritable(paths)
  if (writable.length === 0) return { ...base, status: 'ok', detail: paths.startup }
  const remedy = `Type chmod o-w ${writable.join(' ')}`
  return { ...base, status: 'warning', detail: `writable by everybody: ${writable.join(', ')}`, remedy }
}

async function checkSecret(parts: HostParts, name: string): Promise<Check | undefined> {
  try {
    await parts.vault.read(name)
    return undefined
  } catch (error) {
    return {
      id: `host.secret.${name}`,
      status: 'failed',
      title: `The secret ${name} can be opened`,
      detail: error instanceof Error ? error.message : String(error),
      remedy: `Restore the key file, or store it again: dff secret set ${name}.`,
    }
  }
}

async function checkSecrets(parts: HostParts): Promise<Check[]> {
  const names = (await parts.store.secrets.list()).map((secret) => secret.name)
  const failed = (await Promise.all(names.map((name) => checkSecret(parts, name)))).filter(
    (check) => check !== undefined,
  )
  if (failed.length > 0) return failed
  const title = 'Stored secrets can be opened'
  return [{ id: 'host.secrets', status: 'ok', title, detail: `${names.length} of ${names.length}` }]
}

/** The host itself: Node, home, clock, stored secrets. */
export async function checkHost(parts: HostParts): Promise<Check[]> {
  const own = [
    checkNode(),
    await checkHome(parts),
    checkModes(parts),
    await checkClock(parts),
    ...(await checkOutbox(parts)),
  ]
  return [...own, ...(await checkSecrets(parts))]
}
